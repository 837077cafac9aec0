internal import KeyDistribution
internal import SecretMemory
internal import Synchronization
internal import Wire

/// The newest login of one user, for threads that each have a copy: whoever gets another one puts
/// it here, where those find it whose own is over.
final class SharedLogin: Sendable {
  private let newest = Mutex<SecretBytes?>(nil)

  func put(_ login: borrowing Credential) {
    newest.withLock { $0 = .some(CachedCredential.encode(login)) }
  }

  /// A login that is newer than another one, and lasts; nil if there is none.
  func newer(than former: borrowing Credential, at now: Timestamp) -> Credential? {
    let grantedAt = former.grantedAt
    return newest.withLock { newest in
      switch newest {
      case .none: return nil
      case .some(let copy):
        guard let found = try? CachedCredential.decode(copy.bytes), found.grantedAt > grantedAt,
          found.end > now + CredentialCache.reserve
        else { return nil }
        return found
      }
    }
  }
}
