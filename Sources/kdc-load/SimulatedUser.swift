internal import Cryptography
internal import KeyDistribution
internal import SecretMemory
internal import Wire

/// A client of the KDC with an identity key of its own. Its digest is random: for the KDC that is
/// as good as one that Argon2id has made of a passphrase, and costs nothing here.
final class SimulatedUser {
  let name: PrincipalName
  private let digest: SecretBytes
  private let identity: SigningKey
  private var salt: SaltReply?
  private var credential: Credential?

  /// Where it says that it listens: the port, and as many further addresses as a KDC takes, so that
  /// tickets for it are as long as they get. They are of RFC 5737's TEST-NET-1.
  private static let port: UInt16 = 60000
  private static let addresses = (1...5).compactMap {
    NetworkAddress(ip: [192, 0, 2, $0], port: port)
  }
  private static let loginLifetime = Interval.hours(10)

  init(name: PrincipalName) {
    var random = SystemRandom()
    self.name = name
    digest = random.secret(32)
    identity = SigningKey(seed: random.secret(SigningKey.seedByteCount))
  }

  /// Steps S1 and S2.
  func askForSalt(at kdc: LoadedKDC) throws(ExchangeFailure) -> PreparedRequest {
    let outgoing = try kdc.epoch.askForSalt(of: name)
    let message = outgoing.message
    let next = Awaiting(outgoing.next)
    return PreparedRequest(message: message) { [self] answer throws(ExchangeFailure) in
      let timed = try next.take().receive(answer.bytes)
      salt = timed.value
      kdc.setClock(to: timed.time)
    }
  }

  /// Steps R1 to R4.
  func register(at kdc: LoadedKDC) throws(ExchangeFailure) -> PreparedRequest {
    guard let salt else { throw .unexpectedReply }
    let outgoing = try kdc.epoch.register(
      name, salt: salt, digest: digest, identity: identity, port: Self.port)
    let message = outgoing.message
    let next = Awaiting(outgoing.next)
    return PreparedRequest(message: message) { answer throws(ExchangeFailure) in
      kdc.setClock(to: try next.take().receive(answer.bytes))
    }
  }

  /// Steps L1 to L3, with a per-login key of this login's own.
  func logIn(at kdc: LoadedKDC) throws(ExchangeFailure) -> PreparedRequest {
    let outgoing = try login(digest, at: kdc)
    let message = outgoing.message
    let next = Awaiting(outgoing.next)
    return PreparedRequest(message: message) { [self] answer throws(ExchangeFailure) in
      credential = try next.take().receive(answer.bytes)
    }
  }

  /// The same with a digest that is not this user's: it has to be refused.
  func logInInVain(at kdc: LoadedKDC) throws(ExchangeFailure) -> PreparedRequest {
    var random = SystemRandom()
    let outgoing = try login(random.secret(32), at: kdc)
    let message = outgoing.message
    let next = Awaiting(outgoing.next)
    return PreparedRequest(message: message) { answer throws(ExchangeFailure) in
      do throws(ExchangeFailure) {
        _ = try next.take().receive(answer.bytes)
      } catch ExchangeFailure.refused {
        return
      }
      throw .unexpectedReply
    }
  }

  private func login(
    _ digest: borrowing SecretBytes, at kdc: LoadedKDC
  ) throws(ExchangeFailure) -> Outgoing<ExpectLogin> {
    guard let salt else { throw .unexpectedReply }
    var random = SystemRandom()
    return try kdc.epoch.logIn(
      name, keyVersion: salt.keyVersion, digest: digest, identity: identity,
      loginKey: AgreementKey(privateKey: random.secret(AgreementKey.byteCount)),
      lifetime: Self.loginLifetime, at: kdc.now)
  }

  /// Steps A1 to A3.
  func announce(at kdc: LoadedKDC) throws(ExchangeFailure) -> PreparedRequest {
    switch credential {
    case .none: throw .unexpectedReply
    case .some(let credential):
      var random = SystemRandom()
      let outgoing = credential.announce(
        port: Self.port, addresses: Self.addresses, at: kdc.now, random: &random)
      let message = outgoing.message
      let next = Awaiting(outgoing.next)
      return PreparedRequest(message: message) { [self] answer throws(ExchangeFailure) in
        let granted = try next.take().receive(answer.bytes)
        self.credential?.renew(with: granted.renewal)
      }
    }
  }

  /// Steps T1 to T5. Nobody is going to call the peer, so that the ephemeral key needs no private
  /// half: random bytes are a public key.
  func askForTicket(
    for peer: PrincipalName, at kdc: LoadedKDC
  ) throws(ExchangeFailure) -> PreparedRequest {
    var random = SystemRandom()
    guard let ephemeral = AgreementPublicKey(random.bytes(AgreementPublicKey.byteCount)) else {
      throw .unexpectedReply
    }
    switch credential {
    case .none: throw .unexpectedReply
    case .some(let credential):
      let outgoing = credential.askForTicket(
        for: peer, purpose: .session, ephemeral: ephemeral, at: kdc.now, random: &random)
      let message = outgoing.message
      let next = Awaiting(outgoing.next)
      return PreparedRequest(message: message) { [self] answer throws(ExchangeFailure) in
        let granted = try next.take().receive(answer.bytes)
        self.credential?.renew(with: granted.renewal)
      }
    }
  }
}
