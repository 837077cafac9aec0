#if PostgreSQL
public import Directory

/// The tables of a store, and how they came to be. A migration that has been released is never
/// changed: another one follows it.
public enum Schema {
  /// What the channel of notices is called.
  static let channel = "trent"

  /// Of those who migrate, one at a time; any number will do.
  private static let lock = "8390062411430018"

  /// In their order; the first makes version 1.
  static let migrations = [first]

  /// The version that this program works with.
  public static let version = migrations.count

  /// Makes the tables, or brings them to the version of this program. All of it, or nothing.
  ///
  /// - Returns: the version of before; 0: there was none.
  public static func migrate(_ address: StoreAddress) throws(DirectoryUnavailable) -> Int {
    do throws(StoreFailure) {
      let connection = try StoreConnection(address, purpose: "migration", patience: nil)
      try connection.runScript(
        """
        BEGIN;
        SET LOCAL client_min_messages = error;
        SELECT pg_advisory_xact_lock(\(lock));
        CREATE SCHEMA IF NOT EXISTS trent;
        CREATE TABLE IF NOT EXISTS trent.migrations
          (version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now());
        """)
      let former = try found(connection)
      guard former <= version else { throw tooNew(former) }
      for number in former..<version {
        try connection.runScript(migrations[number])
        try connection.run(
          "INSERT INTO trent.migrations (version) VALUES ($1::integer)", ["\(number + 1)"])
      }
      try connection.runScript("COMMIT")
      return former
    } catch {
      throw error.unavailable
    }
  }

  /// Refuses tables of another version than this program's.
  static func check(_ connection: borrowing StoreConnection) throws(StoreFailure) {
    let exists = try connection.run("SELECT to_regclass('trent.migrations') IS NOT NULL")
    let version = exists.text(0, 0) == "t" ? try found(connection) : 0
    guard version <= Self.version else { throw tooNew(version) }
    guard version == Self.version else {
      throw StoreFailure(
        .unsuitable,
        version == 0
          ? "there are no tables: make them with \"kdc store migrate\""
          : "its tables are of version \(version): \"kdc store migrate\" brings them to "
            + "\(Self.version)")
    }
  }

  private static func found(_ connection: borrowing StoreConnection) throws(StoreFailure) -> Int {
    try connection.run("SELECT coalesce(max(version), 0) FROM trent.migrations").number(0, 0) ?? 0
  }

  private static func tooNew(_ found: Int) -> StoreFailure {
    StoreFailure(
      .unsuitable,
      "its tables are of version \(found), this program knows \(version): install a newer one")
  }

  /// Lines have the form of the files (PROTOCOL.md, 9); what is beside them is what statements ask
  /// for. Names compare by their bytes.
  private static let first = """
    CREATE TABLE trent.realm (
      singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
      id text NOT NULL,
      identity text NOT NULL,
      witness text NOT NULL
    );
    CREATE TABLE trent.users (
      name text COLLATE "C" PRIMARY KEY,
      kvno bigint NOT NULL,
      state text NOT NULL,
      line text NOT NULL
    );
    CREATE TABLE trent.presences (
      name text COLLATE "C" PRIMARY KEY,
      login_time bigint NOT NULL,
      login_end bigint NOT NULL,
      announced bigint NOT NULL,
      service smallint,
      line text NOT NULL
    ) WITH (fillfactor = 70);
    CREATE INDEX presences_by_service ON trent.presences (service, name)
      WHERE service IS NOT NULL;
    CREATE TABLE trent.deposits (
      name text COLLATE "C" PRIMARY KEY,
      login_time bigint NOT NULL,
      until bigint NOT NULL,
      line text NOT NULL
    );
    CREATE TABLE trent.invitations (
      hash text PRIMARY KEY,
      name text COLLATE "C",
      expires bigint NOT NULL,
      user_name text COLLATE "C",
      user_kvno bigint
    );
    CREATE TABLE trent.wrong_proofs (
      replica text NOT NULL,
      name text COLLATE "C" NOT NULL,
      source text NOT NULL,
      time bigint NOT NULL
    );
    CREATE INDEX wrong_proofs_by_time ON trent.wrong_proofs (time);

    CREATE FUNCTION trent.tell_name() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF coalesce(current_setting('trent.quiet', true), '') <> 'on' THEN
        PERFORM pg_notify('trent', 'name ' || coalesce(NEW.name, OLD.name));
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON trent.users
      FOR EACH ROW EXECUTE FUNCTION trent.tell_name();
    CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON trent.deposits
      FOR EACH ROW EXECUTE FUNCTION trent.tell_name();
    CREATE TRIGGER tell_ends AFTER INSERT OR DELETE ON trent.presences
      FOR EACH ROW EXECUTE FUNCTION trent.tell_name();
    CREATE TRIGGER tell_changes AFTER UPDATE ON trent.presences
      FOR EACH ROW
      WHEN (OLD.line IS DISTINCT FROM NEW.line OR NEW.announced - OLD.announced >= 180000)
      EXECUTE FUNCTION trent.tell_name();

    CREATE FUNCTION trent.tell_wrong_proof() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify(
        'trent',
        'wrong ' || NEW.replica || ' ' || NEW.name || ' ' || NEW.source || ' ' || NEW.time);
      RETURN NULL;
    END $$;
    CREATE TRIGGER tell AFTER INSERT ON trent.wrong_proofs
      FOR EACH ROW EXECUTE FUNCTION trent.tell_wrong_proof();

    CREATE FUNCTION trent.register_invited(
      its_hash text, its_name text, its_kvno bigint, its_state text, its_line text, now bigint
    ) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      reserved text;
    BEGIN
      SELECT i.name INTO reserved FROM trent.invitations i
        WHERE i.hash = its_hash AND i.expires > register_invited.now
          AND (i.name IS NULL OR i.name = its_name)
          AND (i.user_name IS NULL OR (i.user_name = its_name AND i.user_kvno = its_kvno))
        FOR UPDATE;
      IF NOT FOUND THEN RETURN 'not invited'; END IF;
      INSERT INTO trent.users AS present (name, kvno, state, line)
        VALUES (its_name, its_kvno, its_state, its_line)
        ON CONFLICT (name) DO UPDATE
          SET kvno = excluded.kvno, state = excluded.state, line = excluded.line
          WHERE (present.state = 'removed' OR (present.state = 'reset' AND reserved IS NOT NULL))
            AND present.kvno < excluded.kvno;
      IF NOT FOUND THEN RETURN 'conflict'; END IF;
      UPDATE trent.invitations SET user_name = its_name, user_kvno = its_kvno
        WHERE hash = its_hash;
      RETURN 'done';
    END $$;
    """
}
#endif
