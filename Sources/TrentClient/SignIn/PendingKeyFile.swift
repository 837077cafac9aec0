internal import DurableFiles
internal import KeyDistribution
internal import Wire

/// A key file beside which there is another one: a change of its key was interrupted. While this is
/// alive, nobody else changes either.
struct PendingKeyFile: ~Copyable {
  private let candidate: ChangeCandidate
  private let lock: FileLock

  private init(_ candidate: ChangeCandidate, _ lock: consuming FileLock) {
    self.candidate = candidate
    self.lock = lock
  }

  /// Nil when there is no such file, and for passphrases.
  static func find(
    beside source: SecretSource, of name: PrincipalName
  ) throws(ClientFailure) -> PendingKeyFile? {
    guard case .keyFile(let path) = source else { return nil }
    let file = KeyFile(path: path)
    let candidate = file.candidate(for: name)
    guard candidate.isThere else { return nil }
    let lock = try file.lock()
    // It may have been another program's, which is done by now.
    guard candidate.isThere else { return nil }
    return PendingKeyFile(candidate, lock)
  }

  borrowing func read(_ person: any Person) throws(ClientFailure) -> PrincipalKey {
    try KeyFile(path: candidate.path).read(person)
  }

  /// A login has shown which of the two keys is in force.
  borrowing func settle(isChanged: Bool, telling person: any Person) throws(ClientFailure) {
    if isChanged {
      try candidate.promote(telling: person)
    } else {
      try candidate.outlive(telling: person)
    }
  }
}
