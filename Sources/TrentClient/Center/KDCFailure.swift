internal import KeyDistribution
internal import Transport

/// Why an exchange with the KDC did not end well.
enum KDCFailure: Error {
  /// The KDC's answer says so.
  case exchange(ExchangeFailure)
  /// The network between did not let it through.
  case transport(TransportFailure)
  /// Something that has been put into words already.
  case client(ClientFailure)

  /// Whether it makes sense to ask the same again later.
  var isPassing: Bool {
    switch self {
    case .transport, .exchange(.unavailable), .exchange(.failed(.busy)), .exchange(.slowDown): true
    case .exchange, .client: false
    }
  }

  /// Whether another place of the same KDC may do better. What a place says about the request does
  /// not lead elsewhere: wrong proofs and brakes count, and so do identities.
  var leadsElsewhere: Bool {
    switch self {
    case .transport, .exchange(.unavailable), .exchange(.failed(.busy)): true
    case .exchange, .client: false
    }
  }

  /// The same where nothing was asked but who is there: what answers may be no KDC at all.
  var leadsElsewhereAtContact: Bool {
    if case .exchange(.malformed) = self { return true }
    return leadsElsewhere
  }

  /// In words for a person.
  func failure(at target: KDCTarget) -> ClientFailure {
    switch self {
    case .client(let failure): failure
    case .transport(let failure):
      ClientFailure(
        .kdcUnreachable,
        "There is no way to the KDC at \(target). \(failure) Check -a and -p, and that it runs.",
        isPassing: true)
    case .exchange(let failure): Self.words(for: failure, target)
    }
  }

  private static func words(for failure: ExchangeFailure, _ target: KDCTarget) -> ClientFailure {
    switch failure {
    case .malformed, .unexpectedReply, .failed(.malformed):
      ClientFailure(
        .kdcUnreachable,
        "What answers at \(target) is no KDC that this program understands. Check -a and -p.")
    case .notAuthentic, .failed(.ticketNotAccepted), .failed(.epochUnknown):
      ClientFailure(
        .kdcIdentity,
        "The answer from \(target) is not from the KDC that is pinned. Somebody on the way may be "
          + "changing messages; try again, and ask the KDC's operator if it stays so.")
    case .identityChanged:
      ClientFailure(.kdcIdentity, "The identity of the KDC at \(target) has changed.")
    case .epochNotCurrent:
      ClientFailure(
        .other,
        "The KDC at \(target) announces a key whose time is over or not yet come. Compare the "
          + "clocks of the KDC and of this machine.")
    case .parametersOutOfBounds:
      ClientFailure(
        .other,
        "The KDC at \(target) asks for passphrases to be hashed at a cost that is not acceptable. "
          + "Tell its operator.")
    case .refused:
      ClientFailure(.authenticationRefused, "Wrong passphrase, or no such user.")
    case .nameTaken: ClientFailure(.authenticationRefused, "The name is taken.")
    case .notInvited:
      ClientFailure(
        .authenticationRefused,
        "The KDC at \(target) does not register this name without an invitation of its operator: "
          + "there was none, or it has been used, has expired, or is for another name. Nothing was "
          + "changed. Pass one with --invite.")
    case .identityKeyDiffers:
      ClientFailure(.authenticationRefused, "The KDC knows another identity key for this name.")
    case .loginOver:
      ClientFailure(.authenticationRefused, "The login is over. Start the program again.")
    case .peerNotPresent:
      ClientFailure(
        .receiverAbsent, "Nobody by that name is receiving now.", isPassing: true)
    case .superseded:
      ClientFailure(.other, "Another login of the same name receives now.")
    case .clockSkew:
      ClientFailure(.other, "The KDC's clock and this machine's run apart. Try again.")
    case .slowDown(let seconds):
      ClientFailure(
        .authenticationRefused,
        "There were too many wrong attempts for this name, or too many requests from this network. "
          + "The KDC at \(target) looks at the next one in \(seconds) s.", isPassing: true)
    case .unavailable, .failed(.busy), .failed(.slowDown):
      ClientFailure(
        .kdcUnreachable, "The KDC at \(target) cannot do it now. Try again later.",
        isPassing: true)
    }
  }
}
