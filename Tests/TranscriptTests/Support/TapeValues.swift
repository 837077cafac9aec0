import Cryptography
import SecretMemory
import Wire

extension Tape {
  func time(_ name: String, _ moment: Timestamp) throws -> Timestamp {
    try Timestamp(milliseconds: number(name, moment.milliseconds))
  }

  /// An integer of the size that the protocol gives it, big-endian.
  func number<Value: FixedWidthInteger>(_ name: String, _ value: Value) throws -> Value {
    let bytes = try given(name, bigEndian(value))
    return bytes.reduce(0) { $0 << 8 | Value($1) }
  }

  func secret(_ name: String, _ count: Int) throws -> SecretBytes {
    let bytes = try drawn(name, count)
    return SecretBytes(copying: bytes.bytes)
  }
}

func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  stride(from: value.bitWidth - 8, through: 0, by: -8).map { shift in
    UInt8(truncatingIfNeeded: value >> shift)
  }
}
