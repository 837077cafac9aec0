import Cryptography
import FuzzSupport
import SecretMemory
import Wire

@testable import KeyDistribution

/// Seals what was changed, as its rightful sender would.
enum Sealing {
  static func sealed(_ body: [UInt8], isProven: Bool) -> [UInt8] {
    guard
      var sender = try? EpochSender(
        to: Proofs.all.epochKey, info: Proofs.all.exchange.info.bytes,
        exporterContext: Proofs.all.exchange.exporterContext.bytes)
    else { fatalError("no sender") }
    var plaintext = body
    if isProven {
      let content = Proofs.all.exchange.proofContent(
        encapsulatedKey: sender.encapsulatedKey.bytes, body: body.bytes)
      plaintext += Proofs.all.proof(of: content, body: body)
    }
    let header = Proofs.all.exchange.requestHeader
    let encapsulatedKey = sender.encapsulatedKey
    let sealed = try? sender.seal(plaintext.bytes, authenticating: header.bytes)
    return header + encapsulatedKey + (sealed ?? [])
  }

  static func granting(_ plaintext: [UInt8], _ input: inout FuzzInput) -> [UInt8] {
    let nonce = [UInt8](SHA256.hash((plaintext + input.bytes(16)).bytes).prefix(16))
    let exchange = GrantingExchange(realm: World.realm, requestNonce: nonce.bytes)
    let header = exchange.requestHeader(ticket: Person.alice.ticket)
    let keys = exchange.requestKeys(secret(Person.alice.requestKey))
    return SingleUseKey(keys).seal(plaintext.bytes, behind: header.bytes)
  }
}

/// What proves requests: the digest is in the request, or alice's.
final class Proofs: Sendable {
  static let all = Proofs()

  let epochKey: EpochPublicKey
  let exchange: SealedExchange

  init() {
    guard let key = try? EpochKey(seed: secret(World.epochSeed)) else {
      fatalError("no epoch key")
    }
    epochKey = key.publicKey
    exchange = SealedExchange(realm: World.realm, epochKey: epochKey)
  }

  /// As the fields say, as far as they can be read.
  func proof(of content: borrowing SecretBytes, body: [UInt8]) -> [UInt8] {
    var name = Person.alice.name
    var keyVersion = Person.alice.keyVersion
    var digest = Person.alice.digest
    var reader = ByteReader(body.bytes)
    if (try? reader.uint8()) == SealedRequestKind.registration.rawValue,
      let request = try? RegistrationRequest(from: &reader)
    {
      name = request.name
      keyVersion = request.keyVersion
      digest = [UInt8](request.digest.bytes)
    }
    guard
      let shared = try? SharedKey(
        digest: digest.bytes, name: name, keyVersion: keyVersion, realm: World.realm)
    else { return [] }
    return shared.proof(of: content.bytes)
  }
}

struct EpochSeed: RandomSource {
  func fill(_ bytes: inout MutableRawSpan) {
    for offset in 0..<bytes.byteCount {
      bytes.storeBytes(of: World.epochSeed[offset % 32], toByteOffset: offset, as: UInt8.self)
    }
  }
}
