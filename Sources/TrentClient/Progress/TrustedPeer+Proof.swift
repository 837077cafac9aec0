internal import KeyDistribution

extension TrustedPeer {
  /// What the last line of a transfer says was verified.
  var proof: String {
    let key = isPinned ? "the identity key that is known" : "the identity key as the KDC tells it"
    return "\(key) of \(name), and every byte"
  }
}
