import Cryptography
import SecretMemory
import Wire

@testable import KeyDistribution

extension TapeCenter {
  /// Seals anything at all to the epoch key; only recording does, since nobody can seal the same
  /// bytes twice.
  ///
  /// - Parameters:
  ///   - proof: what follows the body, given the content that a proof is computed over.
  func seal(
    _ body: [UInt8], proof: (_ content: [UInt8]) throws -> [UInt8] = { _ in [] }
  ) throws -> [UInt8] {
    guard let epochKey else { throw TranscriptProblem("no epoch key yet") }
    let exchange = SealedExchange(realm: realm, epochKey: epochKey.publicKey)
    var sender = try EpochSender(
      to: epochKey.publicKey, info: exchange.info.bytes,
      exporterContext: exchange.exporterContext.bytes)
    let content = exchange.proofContent(
      encapsulatedKey: sender.encapsulatedKey.bytes, body: body.bytes)
    let plaintext = body + (try proof([UInt8](content.bytes)))
    let ciphertext = try sender.seal(
      plaintext.bytes, authenticating: exchange.requestHeader.bytes)
    return exchange.requestHeader + sender.encapsulatedKey + ciphertext
  }

  /// The same, proven with the shared key that a digest gives.
  func seal(_ body: [UInt8], provenBy shared: borrowing SharedKey) throws -> [UInt8] {
    let proofKey = [UInt8](shared.proofKey.bytes)
    return try seal(body) { content in
      HMACSHA256.authenticate(content.bytes, key: proofKey.bytes)
    }
  }

  /// Section `request opened`: the plaintext must be this body and its proof.
  ///
  /// - Returns: what the client keeps until the reply is there.
  func checkRequest(
    _ request: [UInt8], body: [UInt8], secret user: UserSecret? = nil
  ) throws -> RecordedOpener {
    try tape.begin("request opened")
    guard let epochKey, let opened = open(request) else {
      throw TranscriptProblem("the request does not open")
    }
    let exchange = SealedExchange(realm: realm, epochKey: epochKey.publicKey)
    try tape.check("epoch-key-hash", exchange.epochKeyHash)
    try tape.check("exported-secret", [UInt8](opened.exported.bytes))
    try tape.check("plaintext", [UInt8](opened.plaintext.bytes))
    let content = exchange.proofContent(
      encapsulatedKey: encapsulatedKey(of: request).bytes, body: body.bytes)
    var expected = body
    if let user {
      let shared = try user.sharedKey(in: realm)
      try tape.check("proof-key", [UInt8](shared.proofKey.bytes))
      try tape.check("reply-key", [UInt8](shared.replyKey.bytes))
      expected += shared.proof(of: content.bytes)
    }
    try tape.require([UInt8](opened.plaintext.bytes) == expected, "plaintext is body and proof")
    return RecordedOpener(
      exchange: exchange, encapsulatedKey: encapsulatedKey(of: request),
      exported: [UInt8](opened.exported.bytes))
  }

  /// Section `reply opened`: the plaintext of the last reply, as the client opens it.
  func checkReply(
    _ recorded: RecordedOpener, secret user: UserSecret? = nil
  ) throws -> [UInt8] {
    guard let reply = last.message else { throw TranscriptProblem("there is no reply") }
    try tape.begin("reply opened")
    let headerCount = SealedExchange.replyHeaderByteCount
    let nonce = [UInt8](reply[3..<headerCount])
    let isProven = reply[2] == 1
    let opener = recorded.opener
    let key: SingleUseKey
    if isProven, let user {
      key = opener.exchange.replyKey(
        exported: opener.exported, shared: try user.sharedKey(in: realm),
        encapsulatedKey: opener.encapsulatedKey.bytes, responseNonce: nonce.bytes)
    } else {
      key = opener.exchange.replyKey(
        exported: opener.exported, encapsulatedKey: opener.encapsulatedKey.bytes,
        responseNonce: nonce.bytes)
    }
    let plaintext = try key.open(
      reply.bytes.extracting(droppingFirst: headerCount),
      authenticating: reply.bytes.extracting(first: headerCount))
    try tape.check("plaintext", [UInt8](plaintext.bytes))
    return reply
  }
}

/// What a client keeps of a sealed request, to be used any number of times.
struct RecordedOpener {
  let exchange: SealedExchange
  let encapsulatedKey: [UInt8]
  let exported: [UInt8]

  var opener: SealedReplyOpener {
    SealedReplyOpener(
      exchange: exchange, encapsulatedKey: encapsulatedKey, exported: secret(exported))
  }
}

/// What a user proves itself with.
struct UserSecret {
  let name: PrincipalName
  let keyVersion: UInt32
  /// The salted passphrase digest, 32 bytes.
  let digest: [UInt8]

  func sharedKey(in realm: Realm) throws -> SharedKey {
    try SharedKey(digest: digest.bytes, name: name, keyVersion: keyVersion, realm: realm)
  }
}

/// What the client says that the KDC's answer came to.
func failure(of body: () throws -> Void) throws -> ExchangeFailure {
  do { try body() } catch let error as ExchangeFailure { return error }
  throw TranscriptProblem("accepted")
}
