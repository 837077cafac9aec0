import Cryptography
import Foundation
import SecretMemory

/// The bytes that hexadecimal digits stand for; spaces and line breaks between them are ignored.
func hex(_ digits: String) -> [UInt8] {
  let values = digits.filter { !$0.isWhitespace }.map { digit -> UInt8 in
    guard let value = digit.hexDigitValue else { preconditionFailure("not hexadecimal: \(digit)") }
    return UInt8(value)
  }
  precondition(values.count.isMultiple(of: 2))
  return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
}

func secret(_ bytes: [UInt8]) -> SecretBytes { SecretBytes(copying: bytes.bytes) }

func agreementKey(_ privateKey: [UInt8]) -> AgreementKey {
  AgreementKey(privateKey: secret(privateKey))
}

/// The error that `body` throws, if it throws. (`#expect(throws:)` takes no non-copyable values.)
func failure<Failure: Error>(of body: () throws(Failure) -> Void) -> Failure? {
  do {
    try body()
    return nil
  } catch {
    return error
  }
}

/// All variants of `bytes` with one bit flipped.
func bitFlips(of bytes: [UInt8]) -> [[UInt8]] {
  (0..<(bytes.count * 8)).map { bit in
    var flipped = bytes
    flipped[bit / 8] ^= 1 << UInt8(bit % 8)
    return flipped
  }
}

/// Bytes that count up: the same in every run.
struct CountingRandom: RandomSource {
  var next: UInt8 = 0

  mutating func fill(_ bytes: inout MutableRawSpan) {
    for offset in 0..<bytes.byteCount {
      bytes.storeBytes(of: next, toByteOffset: offset, as: UInt8.self)
      next &+= 1
    }
  }
}

/// Published vectors that may stand beside the checkout, in `../shared/vectors`.
enum SharedVectors {
  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().appending(path: "../../../shared/vectors").standardizedFileURL
  static let exist = FileManager.default.fileExists(atPath: folder.path)

  static func load<File: Decodable>(_ name: String, as type: File.Type) throws -> File {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(contentsOf: folder.appending(path: name)))
  }
}

/// The two directions of a finished handshake, to be used in place.
struct Ciphers: ~Copyable {
  var sending: NoiseCipher
  var receiving: NoiseCipher

  init(_ transport: consuming NoiseTransport) {
    sending = transport.sending
    receiving = transport.receiving
  }
}
