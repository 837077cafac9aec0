/// What an attacker on the way makes of a message.
enum Mutations {
  /// Every proper prefix, the empty one too.
  static func prefixes(of message: [UInt8]) -> [[UInt8]] {
    (0..<message.count).map { [UInt8](message[..<$0]) }
  }

  /// Every byte with one bit flipped, another bit from byte to byte.
  static func flips(of message: [UInt8]) -> [[UInt8]] {
    message.indices.map { index in
      var flipped = message
      flipped[index] ^= 1 << UInt8(index % 8)
      return flipped
    }
  }

  /// With bytes after its end.
  static func extensions(of message: [UInt8]) -> [[UInt8]] {
    [message + [0], message + [0xff], message + message]
  }

  static func all(of message: [UInt8]) -> [[UInt8]] {
    prefixes(of: message) + flips(of: message) + extensions(of: message)
  }
}
