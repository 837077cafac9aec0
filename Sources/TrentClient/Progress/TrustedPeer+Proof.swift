internal import KeyDistribution

extension TrustedPeer {
  /// What the last line of a transfer says was verified.
  var proof: String { "\(key) of \(name), and every byte" }

  /// Which identity key that is.
  var key: String {
    isPinned ? "the identity key that is known" : "the identity key as the KDC tells it"
  }
}
