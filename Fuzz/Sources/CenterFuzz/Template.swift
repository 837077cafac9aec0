import Cryptography
import FuzzSupport
import SecretMemory
import Wire

@testable import KeyDistribution

/// The messages that the fuzzer starts from.
enum Template {
  private static let alice = Person.alice
  private static let carol = World.name("carol")

  static let salt = written { SaltRequest(name: alice.name).write(to: &$0) }

  /// Of a name that is free.
  static let registration = registration(of: carol, isInvited: false)
  /// By who has been invited to it.
  static let invited = registration(of: carol, isInvited: true)
  /// Of a name that was given away again, to the same.
  static let reset = registration(of: alice.name, isInvited: true)

  static let invitation = World.bytes("fuzz invitation", Invitation.byteCount)

  private static func registration(of name: PrincipalName, isInvited: Bool) -> [UInt8] {
    let statement = World.realm.identityProofContent(
      name: name, identity: alice.identity.publicKey)
    let isAlice = name == alice.name
    let request = RegistrationRequest(
      name: name,
      keyVersion: isAlice ? alice.keyVersion + 1 : World.keys.firstKeyVersion(for: name),
      parameters: .passphrase, salt: World.keys.salt(for: name), digest: secret(alice.digest),
      identity: alice.identity.publicKey, identityProof: alice.identity.sign(statement.bytes),
      port: 60_000, invitation: isInvited ? Invitation(secret(invitation)) : nil)
    return written { request.write(to: &$0) }
  }

  static let login = written { body in
    LoginRequest(
      name: alice.name, identity: alice.identity.publicKey, loginKey: alice.signed,
      lifetimeSeconds: 28_800
    ).write(to: &body)
  }

  /// To the digest that bob has.
  static let change = written { body in
    func request(_ proof: [UInt8]) -> SecretChangeRequest {
      SecretChangeRequest(
        name: alice.name, keyVersion: alice.keyVersion, time: World.now, parameters: .passphrase,
        salt: World.keys.salt(for: alice.name), digest: secret(Person.bob.digest),
        identityProof: proof)
    }
    let statement = request([]).signedContent(in: World.realm)
    request(alice.identity.sign(statement.bytes)).write(to: &body)
  }

  static let ticket = granting(
    .ticket(
      purpose: .session, peer: Person.bob.name, ephemeral: alice.loginKey.publicKey,
      LoginSignature(alice.signed)))
  static let announcement = granting(
    .announce(port: 60_000, addresses: [World.source], LoginSignature(alice.signed)))
  static let withdrawal = granting(.withdraw)
  static let reach = granting(.reach(port: 60_000))
  static let takingDeposits = granting(
    .takeDeposits(LoginSignature(alice.signed), mailbox: Person.bob.name))
  static let services = granting(.services(.mailbox, after: Person.bob.name))
  static let deposit = granting(
    .ticket(
      purpose: .deposit, peer: Person.bob.name, ephemeral: alice.loginKey.publicKey,
      LoginSignature(alice.signed)))

  private static func granting(_ request: GrantingRequest) -> [UInt8] {
    written { body in
      body.timestamp(World.now)
      request.write(to: &body)
    }
  }

  private static func written(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    body(&writer)
    return writer.publicBytes()
  }
}
