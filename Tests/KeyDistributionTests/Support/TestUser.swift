import Cryptography
import KeyDistribution
import SecretMemory
import Wire

/// A user's secrets, all from its name: a digest in the place of a passphrase, and an identity.
struct TestUser {
  let name: PrincipalName
  private let digestBytes: [UInt8]
  private let identitySeed: [UInt8]

  /// - Parameter variant: another one is the same name with other secrets.
  init(_ name: String, variant: String = "") throws {
    self.name = try principal(name)
    var random = SeededRandom("user \(name) \(variant)")
    digestBytes = random.bytes(32)
    identitySeed = random.bytes(32)
  }

  private init(name: PrincipalName, digestBytes: [UInt8], identitySeed: [UInt8]) {
    self.name = name
    self.digestBytes = digestBytes
    self.identitySeed = identitySeed
  }

  /// This user's name and identity, with another's digest.
  func with(digestOf other: TestUser) -> TestUser {
    TestUser(name: name, digestBytes: other.digestBytes, identitySeed: identitySeed)
  }

  /// This user's digest and identity under another name.
  func renamed(_ other: String) throws -> TestUser {
    TestUser(
      name: try principal(other), digestBytes: digestBytes, identitySeed: identitySeed)
  }

  var digest: SecretBytes { SecretBytes(copying: digestBytes.bytes) }
  var identity: SigningKey { SigningKey(seed: SecretBytes(copying: identitySeed.bytes)) }
}

/// What a test says wrongly about itself.
struct BadTest: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension CenterPolicy {
  /// Takes any number of sealed requests from one source.
  static var unhurried: CenterPolicy {
    var policy = CenterPolicy()
    policy.brakes.sealedRequests.perSecond = 0
    policy.brakes.registrations.perSecond = 0
    return policy
  }
}

func principal(_ text: String) throws -> PrincipalName {
  guard let name = PrincipalName(text) else { throw BadTest("no name: \(text)") }
  return name
}

func address(_ ip: [UInt8], port: UInt16) throws -> NetworkAddress {
  guard let address = NetworkAddress(ip: ip, port: port) else { throw BadTest("no address") }
  return address
}

extension RandomSource {
  mutating func agreementKey() -> AgreementKey { AgreementKey(privateKey: secret(32)) }
}
