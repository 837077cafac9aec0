/// A handshake pattern of the Noise Protocol Framework (revision 34, section 7) with the functions
/// 25519, AESGCM and SHA256.
public struct NoisePattern: Sendable {
  /// What a message carries, or mixes into the keys (section 5.3).
  public enum Token: Sendable {
    /// A key that is sent, an agreement, or the pre-shared key (Noise, 7.3 and 9).
    case e, s, ee, es, se, ss, psk
  }

  /// The full name, which both sides hash first (section 8).
  public let name: String
  /// The responder knows the initiator's static key beforehand (pre-message `-> s`).
  public let knowsInitiatorStatic: Bool
  /// The initiator knows the responder's static key beforehand (pre-message `<- s`).
  public let knowsResponderStatic: Bool
  /// The tokens of each message, of which the initiator sends the first.
  public let messages: [[Token]]

  /// A pattern of Noise's own kind; what each side knows beforehand is hashed first.
  public init(
    name: String, knowsInitiatorStatic: Bool, knowsResponderStatic: Bool, messages: [[Token]]
  ) {
    self.name = name
    self.knowsInitiatorStatic = knowsInitiatorStatic
    self.knowsResponderStatic = knowsResponderStatic
    self.messages = messages
  }

  /// Whether ephemeral keys are mixed into the keys too (section 9.2).
  var usesPresharedKey: Bool { messages.contains { $0.contains(.psk) } }

  /// Interactive; the initiator knows the responder and tells it who it is (sections 7.5, 9.4).
  public static let ikPsk2 = NoisePattern(
    name: "Noise_IKpsk2_25519_AESGCM_SHA256",
    knowsInitiatorStatic: false, knowsResponderStatic: true,
    messages: [[.e, .es, .s, .ss], [.e, .ee, .se, .psk]])

  /// One-way; each knows the other beforehand (sections 7.4, 9.4).
  public static let kPsk0 = NoisePattern(
    name: "Noise_Kpsk0_25519_AESGCM_SHA256",
    knowsInitiatorStatic: true, knowsResponderStatic: true,
    messages: [[.psk, .e, .es, .ss]])
}

/// Who sends the first message of a handshake.
public enum NoiseRole: Sendable {
  /// Who writes the first message, and who reads it.
  case initiator, responder
}
