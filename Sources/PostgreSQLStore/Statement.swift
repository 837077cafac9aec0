#if PostgreSQL
internal import KeyDistribution

/// What is asked of the store while a KDC serves, by the name under which it is prepared. Moments
/// are in milliseconds since 1970; `alive` is the moment at which a presence that still counts was
/// announced at the earliest.
enum Statement: String, CaseIterable {
  /// (names, alive, now) -> name and lines, one row a name
  case principals
  /// (service, after, alive, now) -> names
  case servers
  /// (alive, now) -> names, receivers, open invitations
  case figures
  /// (name, kvno, state, line)
  case register
  /// (hash, name, kvno, state, line, now) -> what became of it
  case registerInvited
  /// (name, kvno, state, line, former kvno)
  case update
  /// (name, kvno, state, line, former line)
  case replaceUser
  /// (name, login, end, service, line, alive, now)
  case announce
  /// (name, login, alive, now) -> a row if a later login is present
  case withdraw
  /// (name, login, until, line, now)
  case takeDeposits
  /// (name, until, line, former line)
  case replaceDeposits
  /// (hash, name, expires, now, limit)
  case invite
  /// (replica, name, source, time)
  case shareWrongProof
  /// (replica, since) -> name, source, time; the latest first
  case wrongProofs
  /// (before)
  case forgetPresences, forgetDeposits, forgetInvitations, forgetWrongProofs

  var text: String {
    switch self {
    case .principals:
      """
      SELECT n.name, u.line, p.line, d.line
      FROM (SELECT unnest($1::text[]) COLLATE "C" AS name) n
      LEFT JOIN trent.users u ON u.name = n.name
      LEFT JOIN trent.presences p
        ON p.name = n.name AND p.announced > $2::bigint AND p.login_end > $3::bigint
      LEFT JOIN trent.deposits d ON d.name = n.name AND d.until > $3::bigint
      """
    case .servers:
      """
      SELECT name FROM trent.presences
      WHERE service = $1::smallint AND name > $2 AND announced > $3::bigint
        AND login_end > $4::bigint
      ORDER BY name LIMIT \(ServiceQuery.limit)
      """
    case .figures:
      """
      SELECT (SELECT count(*) FROM trent.users),
        (SELECT count(*) FROM trent.presences WHERE announced > $1::bigint
          AND login_end > $2::bigint),
        (SELECT count(*) FROM trent.invitations WHERE user_name IS NULL
          AND expires > $2::bigint)
      """
    case .register:
      """
      INSERT INTO trent.users AS present (name, kvno, state, line)
      VALUES ($1, $2::bigint, $3, $4)
      ON CONFLICT (name) DO UPDATE
        SET kvno = excluded.kvno, state = excluded.state, line = excluded.line
        WHERE present.state = 'removed' AND present.kvno < excluded.kvno
      """
    case .registerInvited:
      "SELECT trent.register_invited($1, $2, $3::bigint, $4, $5, $6::bigint)"
    case .update:
      """
      UPDATE trent.users SET kvno = $2::bigint, state = $3, line = $4
      WHERE name = $1 AND kvno = $5::bigint
      """
    case .replaceUser:
      """
      UPDATE trent.users SET kvno = $2::bigint, state = $3, line = $4
      WHERE name = $1 AND line = $5
      """
    case .announce:
      """
      INSERT INTO trent.presences AS present
        (name, login_time, login_end, service, line, announced)
      VALUES ($1, $2::bigint, $3::bigint, $4::smallint, $5, $7::bigint)
      ON CONFLICT (name) DO UPDATE
        SET login_time = excluded.login_time, login_end = excluded.login_end,
          service = excluded.service, line = excluded.line, announced = excluded.announced
        WHERE present.login_time <= excluded.login_time OR present.announced <= $6::bigint
          OR present.login_end <= $7::bigint
      """
    case .withdraw:
      """
      WITH gone AS (DELETE FROM trent.presences WHERE name = $1 AND login_time <= $2::bigint)
      SELECT 1 FROM trent.presences WHERE name = $1 AND login_time > $2::bigint
        AND announced > $3::bigint AND login_end > $4::bigint
      """
    case .takeDeposits:
      """
      INSERT INTO trent.deposits AS present (name, login_time, until, line)
      VALUES ($1, $2::bigint, $3::bigint, $4)
      ON CONFLICT (name) DO UPDATE
        SET login_time = excluded.login_time, until = excluded.until, line = excluded.line
        WHERE present.login_time <= excluded.login_time OR present.until <= $5::bigint
      """
    case .replaceDeposits:
      "UPDATE trent.deposits SET until = $2::bigint, line = $3 WHERE name = $1 AND line = $4"
    case .invite:
      """
      INSERT INTO trent.invitations (hash, name, expires)
      SELECT $1, $2, $3::bigint
      WHERE (SELECT count(*) FROM trent.invitations WHERE expires > $4::bigint) < $5::bigint
      ON CONFLICT (hash) DO NOTHING
      """
    case .shareWrongProof:
      """
      INSERT INTO trent.wrong_proofs (replica, name, source, time)
      VALUES ($1, $2, $3, $4::bigint)
      """
    case .wrongProofs:
      """
      SELECT name, source, time FROM trent.wrong_proofs
      WHERE replica <> $1 AND time > $2::bigint ORDER BY time DESC LIMIT 100000
      """
    case .forgetPresences: "DELETE FROM trent.presences WHERE announced < $1::bigint"
    case .forgetDeposits: "DELETE FROM trent.deposits WHERE until < $1::bigint"
    case .forgetInvitations: "DELETE FROM trent.invitations WHERE expires < $1::bigint"
    case .forgetWrongProofs: "DELETE FROM trent.wrong_proofs WHERE time < $1::bigint"
    }
  }
}
#endif
