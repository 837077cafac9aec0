/// Changes to a valid message, taken from the input: so the fuzzer gets past every seal, and what
/// is behind it sees almost valid fields.
extension [UInt8] {
  /// Up to eight changes: the number of them, then for each what is done, where, and with which
  /// byte.
  public func mutated(by input: inout FuzzInput) -> [UInt8] {
    var bytes = self
    for _ in 0..<(input.byte() % 8) {
      let change = input.byte()
      let place = Int(input.byte()) << 8 | Int(input.byte())
      bytes.change(change, at: bytes.isEmpty ? 0 : place % bytes.count, with: input.byte())
    }
    return bytes
  }

  private mutating func change(_ change: UInt8, at place: Int, with byte: UInt8) {
    switch change % 6 {
    case 0: if !isEmpty { self[place] = byte }
    case 1: if !isEmpty { self[place] ^= 1 << (byte % 8) }
    case 2: insert(byte, at: place)
    case 3: if !isEmpty { remove(at: place) }
    case 4: removeLast(Swift.min(count, Int(byte)))
    default: append(contentsOf: [UInt8](repeating: byte, count: 1 + Int(byte) % 64))
    }
  }
}

/// A property that must hold whatever the input is; libFuzzer reports the input that breaks it.
public func expect(_ condition: Bool, _ property: StaticString) {
  guard condition else { fatalError("broken: \(property)") }
}
