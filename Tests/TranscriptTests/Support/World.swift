import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// The fixed secrets, names and times that transcripts are recorded with. Replaying does not use
/// them: transcripts stand on their own.
enum World {
  /// 2026-01-01 00:00:00 UTC.
  static let start = Timestamp(milliseconds: 1_767_225_600_000)

  /// Bytes that a label determines.
  static func bytes(_ label: String, _ count: Int) -> [UInt8] {
    let key = SHA256.hash([UInt8](label.utf8).bytes)
    return [UInt8](HKDF.expand(key.bytes, info: RawSpan(), count: count).bytes)
  }

  static func secret(_ label: String) -> SecretBytes {
    SecretBytes(copying: bytes(label, 32).bytes)
  }

  static func source(port: UInt16 = 40_000) -> [UInt8] {
    [4, 192, 0, 2, 7] + [UInt8](repeating: 0, count: 12) + bigEndian(port)
  }
}

func secret(_ bytes: [UInt8]) -> SecretBytes { SecretBytes(copying: bytes.bytes) }

func principal(_ text: String) throws -> PrincipalName {
  guard let name = PrincipalName(text) else { throw TranscriptProblem("no name: \(text)") }
  return name
}

/// Reads a value of a transcript as the protocol reads it.
func read<Value: ~Copyable>(
  _ bytes: [UInt8], _ body: (inout ByteReader) throws(WireError) -> Value
) throws -> Value {
  var reader = ByteReader(bytes.bytes)
  let value = try body(&reader)
  try reader.finish()
  return value
}

/// Writes a value as the protocol writes it.
func written(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
  var writer = ByteWriter()
  body(&writer)
  return writer.publicBytes()
}
