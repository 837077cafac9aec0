import Directory
import KeyDistribution
import Operation
import Synchronization
import SystemClock
import Wire

extension OperatorDesk {
  /// Puts a fresh identity key in the place of the present one, which signs that and is erased.
  ///
  /// `kdc.key` has the new identity and its succession from one moment to the next. Until every
  /// record has a certificate of it, the KDC makes one afresh for whoever asks; killed in between,
  /// it goes on at its next start.
  func rotateIdentity() throws(OperatorFailure) -> JSONValue {
    try beginRotation()
    defer { rotation.withLock { $0 = false } }
    let now = SystemClock.now
    // Two identities back there may be records that nobody would put right any more.
    _ = try recertify()
    let isReplaced = try written { () throws(KeyFileFailure) in
      try keys.replaceIdentity(of: center, at: now)
    }
    guard isReplaced else {
      throw OperatorFailure(
        "the identity has been replaced \(IdentitySuccession.limit) times, which is as often as "
          + "clients follow")
    }
    log(CenterEvent(.identityReplaced, name: nil), now)
    let count = try recertify()
    return .object([
      .init("identity", .text(center.keys.realm.word)), .init("users", .integer(Int64(count))),
    ])
  }

  /// Goes on with certificates where that was interrupted.
  func goOnRecertifying() throws(OperatorFailure) {
    try beginRotation()
    defer { rotation.withLock { $0 = false } }
    _ = try recertify()
  }

  private func recertify() throws(OperatorFailure) -> Int {
    guard keys.isRecertifying else { return 0 }
    let count = try replaceAll { center.keys.recertified($0) }
    do throws(DirectoryUnavailable) {
      try directory.adoptPresentKeys()
    } catch {
      throw OperatorFailure("\(error)")
    }
    try written { () throws(KeyFileFailure) in try keys.endRecertifying(of: center) }
    return count
  }
}
