/// Why a handshake or a transport message cannot go on; each is final.
public enum NoiseFailure: Error {
  /// The message has an impossible length: the other side's fault.
  case malformed
  /// The message was not made by who knows the keys, or was changed on the way.
  case authentication
  /// The other side's public key would make a secret that everybody knows.
  case lowOrderPoint
  /// The counter of messages under this key has run out.
  case exhausted
}
