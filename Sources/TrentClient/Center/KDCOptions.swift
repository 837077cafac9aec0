internal import FileTransfer
public import KeyDistribution

/// Which KDC to use, and what to do when it is new.
public struct KDCOptions: Sendable {
  /// Where it is.
  public var target: KDCTarget
  /// The identity that the KDC must have, as its operator tells it; pins it without a question.
  public var expected: Realm?
  /// What says so; for messages.
  var expectation = "--kdc-key"
  /// Whether to trust an unknown KDC without a question. Never a changed one.
  public var acceptsNew: Bool
  /// Whether a new place is pinned, the pin moves to an identity that takes the place of the pinned
  /// one, and the place that answered is kept in mind. A check-up leaves that to the next command,
  /// which tells it.
  var remembers = true

  /// A KDC as people name it.
  ///
  /// - Parameters:
  ///   - places: `HOST:PORT`, several with commas between them, or a domain; see ``KDCTarget``.
  ///   - word: the KDC's identity, as it prints it when it starts; nil: the one that is pinned.
  public init(at places: String, word: String? = nil) throws(ClientFailure) {
    let target = try KDCTarget(places, port: nil)
    guard let word else {
      self.init(target: target)
      return
    }
    guard let realm = Realm(word: word) else {
      throw ClientFailure(
        .usage, "This is not a word that a KDC printed: \"\(SafeText(word, limit: 100))\".")
    }
    self.init(target: target, expected: realm)
  }

  /// A KDC at one place.
  public init(target: HostAndPort, expected: Realm? = nil, acceptsNew: Bool = false) {
    self.init(target: KDCTarget(target), expected: expected, acceptsNew: acceptsNew)
  }

  /// A KDC at one place or several.
  public init(target: KDCTarget, expected: Realm? = nil, acceptsNew: Bool = false) {
    self.target = target
    self.expected = expected
    self.acceptsNew = acceptsNew
  }
}
