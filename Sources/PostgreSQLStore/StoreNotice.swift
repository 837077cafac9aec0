#if PostgreSQL
internal import Directory
internal import Wire

/// What the store tells all KDCs on its channel: `name bob`, or
/// `wrong <replica> bob 192.0.2.7:60000 <moment>`.
enum StoreNotice: Hashable {
  case changed(PrincipalName)
  case wrongProof(replica: String, WrongProof)

  /// Nil for what this program does not know.
  init?(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    switch (words.first, words.count) {
    case ("name", 2):
      guard let name = PrincipalName(words[1]) else { return nil }
      self = .changed(name)
    case ("wrong", 5):
      guard let proof = WrongProof(name: words[2], source: words[3], time: words[4]) else {
        return nil
      }
      self = .wrongProof(replica: words[1], proof)
    default: return nil
    }
  }
}

extension WrongProof {
  /// As the store has it.
  init?(name: String, source: String, time: String) {
    guard let name = PrincipalName(name), let milliseconds = UInt64(time),
      let address = RecordLines.address(source)
    else { return nil }
    self.init(name: name, source: address, time: Timestamp(milliseconds: milliseconds))
  }
}
#endif
