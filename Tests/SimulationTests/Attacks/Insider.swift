import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

/// A registered user who, besides what everybody does, asks for tickets for everybody and plays
/// them wherever they do not belong.
final class Insider {
  private let person: Person
  private var world: World { person.world }

  init(_ person: Person) { self.person = person }

  func start() {
    world.after(.random(20_000...240_000, &world.choices)) { [self] _ in
      if let login = person.login { askForEverybody(login) }
      start()
    }
  }

  private func askForEverybody(_ login: Login) {
    // Now and then one ephemeral key for all of them.
    let common = world.keys.agreementKey()
    let isCommon = world.choices.chance(300)
    for peer in world.people where peer.name != person.name {
      let key = Held(isCommon ? common.duplicate() : world.keys.agreementKey())
      login.askForTicket(peer.name, ephemeral: key.value.publicKey) { [self] grant in
        do { try misuse(grant, key.value, login) } catch { world.count(.refused) }
      }
    }
  }

  private func misuse(
    _ grant: consuming SessionGrant, _ key: borrowing AgreementKey, _ login: Login
  ) throws {
    let receiver = Endpoint(grant.addresses.first)
    switch world.choices.below(3) {
    case 0:
      let message = try initiation(grant, key, login)
      present(message, to: receiver)
      present(message, to: receiver)
    case 1:
      let message = try initiation(grant, key, login)
      for person in world.people { present(message, to: person.endpoint) }
    default:
      // The ticket is for another ephemeral key than the handshake's.
      let other = world.keys.agreementKey()
      present(try initiation(grant, other, login), to: receiver)
    }
  }

  /// Step P1 without what `startSession` checks: the ticket with a handshake of one's own choice.
  private func initiation(
    _ grant: borrowing SessionGrant, _ ephemeral: borrowing AgreementKey, _ login: Login
  ) throws -> [UInt8] {
    let claim = grant.peerClaim
    let prologue = peerPrologue(
      realm: login.credential.realm, responder: claim.name, identity: claim.identity)
    var handshake = NoiseHandshake(
      .ikPsk2, role: .initiator, prologue: prologue.bytes,
      staticKey: login.credential.loginKey.duplicate(), ephemeral: ephemeral.duplicate(),
      remoteStatic: claim.loginKey.key)
    handshake.setPresharedKey(world.keys.secret(32))
    return try handshake.writeMessage(grant.ticket.bytes)
  }

  private func present(_ message: [UInt8], to receiver: Endpoint) {
    person.send(.firstHandshake, message, to: receiver, channel: world.newChannel())
  }
}
