public import Cryptography
internal import SecretMemory
public import Wire

/// Why an operator's change of a user cannot be made.
public enum AdministrationFailure: Error, Hashable, Sendable {
  /// The user's state does not allow it.
  case state(UserRecord.State)
  /// The digest does not open: the record is damaged, or of another `kdc.key`.
  case damagedRecord
  /// 2^32 - 1 changes have been made.
  case keyVersionsUsedUp
}

/// What an operator does to a user's record. Each gives the record that takes its place.
extension RealmKeys {
  /// Nobody logs in any more. The key version number moves on, so that no ticket of before comes
  /// back to life when the user is enabled.
  public func disabling(
    _ user: UserRecord, random: inout some RandomSource
  ) throws(AdministrationFailure) -> UserRecord {
    guard user.state == .active else { throw .state(user.state) }
    let (keyVersion, isUsedUp) = user.keyVersion.addingReportingOverflow(1)
    guard !isUsedUp else { throw .keyVersionsUsedUp }
    let digest: SecretBytes
    do { digest = try openDigest(of: user) } catch { throw .damagedRecord }
    var disabled = user
    disabled.keyVersion = keyVersion
    disabled.sealedDigest = sealDigest(
      digest, name: user.name, keyVersion: keyVersion, random: &random)
    disabled.state = .disabled
    return disabled
  }

  /// The user in the place of a former one, whose key version numbers are not used again.
  public func succeeding(
    _ former: UserRecord, by user: UserRecord, random: inout some RandomSource
  ) throws(AdministrationFailure) -> UserRecord {
    guard user.keyVersion <= former.keyVersion else { return user }
    let (keyVersion, isUsedUp) = former.keyVersion.addingReportingOverflow(1)
    guard !isUsedUp else { throw .keyVersionsUsedUp }
    var successor = user
    successor.keyVersion = keyVersion
    guard !user.state.isVacant else { return successor }
    let digest: SecretBytes
    do { digest = try openDigest(of: user) } catch { throw .damagedRecord }
    successor.sealedDigest = sealDigest(
      digest, name: user.name, keyVersion: keyVersion, random: &random)
    return successor
  }

  /// May log in again; every login of before stays over.
  public func enabling(_ user: UserRecord) throws(AdministrationFailure) -> UserRecord {
    guard user.state == .disabled else { throw .state(user.state) }
    var enabled = user
    enabled.state = .active
    return enabled
  }

  /// The name is free again, or, when it is reset, for who is invited to it. Digest and identity
  /// key are gone.
  public func vacating(
    _ user: UserRecord, as state: UserRecord.State, random: inout some RandomSource
  ) throws(AdministrationFailure) -> UserRecord {
    guard state.isVacant, user.state != .removed else { throw .state(user.state) }
    var vacant = user
    vacant.sealedDigest = random.bytes(UserRecord.sealedDigestByteCount)
    vacant.identity = nil
    vacant.certificate = []
    vacant.callers = nil
    vacant.state = state
    return vacant
  }

  /// - Parameter callers: who may ask for this user's address and key; nil: everybody.
  public func allowing(
    _ user: UserRecord, callers: [PrincipalName]?
  ) throws(AdministrationFailure) -> UserRecord {
    guard !user.state.isVacant else { throw .state(user.state) }
    var changed = user
    changed.callers = callers.map { Set($0).sorted() }
    return changed
  }

  /// Whether what the KDC itself has put into a record is right: the seal of the digest, and the
  /// certificate. For users who can log in.
  public func isSound(_ user: UserRecord) -> Bool {
    guard !user.state.isVacant else { return true }
    guard (try? openDigest(of: user)) != nil else { return false }
    // While certificates are being replaced, each is made afresh when it is needed.
    return isRecertifying || isCertified(user)
  }
}
