import Cryptography
import SecretMemory

@testable import FileTransfer

/// Seals chunks under the key of a stream, of any length, with any number, in any order: what only
/// somebody who has the file key can do, and an honest sender does not.
public struct ChunkForge {
  private let cipher: BulkCipher

  public init(fileKey: [UInt8], binding: [UInt8]) {
    cipher = BulkCipher(ChunkNonce.streamKey(fileKey: secret(fileKey), binding: binding.bytes))
  }

  public func seal(_ plaintext: [UInt8], number: UInt64, isLast: Bool) -> [UInt8] {
    var nonce = ChunkNonce(at: number)
    nonce.mark(isLast: isLast)
    let sealed = cipher.seal(plaintext.bytes, nonce: nonce.bytes.bytes)
    return [UInt8](sealed.bytes)
  }
}
