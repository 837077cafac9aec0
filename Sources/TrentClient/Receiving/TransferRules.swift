internal import Cryptography
public import DurableFiles
internal import FileTransfer
public import Wire

/// What a receiver takes, from whom. A person is asked where the rules leave it open.
public struct TransferRules: Sendable {
  /// From whom something is taken.
  public enum Senders: Hashable, Sendable {
    /// Everybody who has proven to be a user of the realm.
    case all
    /// These; about others the person at the terminal is asked, if there is one.
    case names(Set<PrincipalName>)
  }

  /// From whom something is taken.
  public var senders: Senders
  /// The most bytes in all; nil for no limit.
  public var maxSize: UInt64?
  /// What to do about names that are taken.
  public var existing: ExistingPolicy

  /// Without any argument a person is asked about everything.
  public init(
    senders: Senders = .names([]), maxSize: UInt64? = nil, existing: ExistingPolicy = .refuse
  ) {
    self.senders = senders
    self.maxSize = maxSize
    self.existing = existing
  }

  /// Whether nothing is accepted unless a person agrees.
  var asksAboutAll: Bool { senders == .names([]) }

  /// Decides about a list, before anything of it is written. May ask, and so take long.
  ///
  /// - Returns: why it is refused; nil when it is accepted.
  func refusal(
    of manifest: Manifest, from sender: PrincipalName, person: any Person
  ) throws(ClientFailure) -> TransferReason? {
    if let maxSize, let size = manifest.totalSize, size > maxSize { return .tooLarge }
    switch senders {
    case .all: return nil
    case .names(let names):
      if names.contains(sender) { return nil }
      guard person.isPresent else { return .declined }
      let question = "Accept this from \(sender)? [y/N]"
      return try person.agrees(to: question, after: ShownManifest(manifest).lines)
        ? nil : .declined
    }
  }
}
