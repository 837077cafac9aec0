/// What an operator says about a KDC.
struct KDCSettings: Sendable {
  /// 0 picks a free one.
  let port: UInt16
  let userFile: String
  /// Nil: standard error.
  let eventLog: String?
  /// Nil: every address, IPv6 and IPv4.
  let bindAddress: String?
}
