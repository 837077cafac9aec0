internal import CResolver
package import Wire

/// Names of services to the places where DNS says that they are.
public enum ServiceResolver {
  /// The longest answer by TCP, in bytes.
  private static let answerLimit = 65535
  private static let recordLimit = 64

  /// The SRV records of a name, in the order of the answer; none where there are none, or where DNS
  /// says that the service is not there.
  ///
  /// - Throws: `.unresolvableHost` when the name service does not answer, or makes no sense. It
  ///   sets the pace: there is no deadline.
  public static func records(of name: String) throws(TransportFailure) -> [ServiceRecord] {
    try records(of: name, server: nil)
  }

  /// - Parameter server: whom to ask by IPv4; nil: those that the system is set up with.
  package static func records(
    of name: String, server: NetworkAddress?
  ) throws(TransportFailure) -> [ServiceRecord] {
    guard !name.isEmpty, !name.utf8.contains(0) else {
      throw .unresolvableHost(name, reason: "this is not a host name")
    }
    var address: UInt32 = 0
    if let server, server.isIPv4 {
      address = server.ip.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }.bigEndian
    }
    let port = (server?.port ?? 0).bigEndian
    var answer = [UInt8](repeating: 0, count: answerLimit)
    let length = unsafe trent_ask_for_services(
      name, address, port, &answer, Int32(answer.count))
    guard length != TRENT_NO_SERVICE else { return [] }
    guard length >= 0 else {
      throw .unresolvableHost(name, reason: "the name service does not answer")
    }
    guard let records = records(in: [UInt8](answer.prefix(Int(length)))) else {
      throw .unresolvableHost(name, reason: "the answer of the name service makes no sense")
    }
    return records
  }

  /// The records in an answer; nil for one that is damaged.
  package static func records(in answer: [UInt8]) -> [ServiceRecord]? {
    var records: [ServiceRecord] = []
    let capacity = TRENT_NAME_CAPACITY
    for index in 0..<recordLimit {
      var numbers: [UInt16] = [0, 0, 0]
      var target = [CChar](repeating: 0, count: capacity)
      let code = unsafe trent_service(
        answer, Int32(answer.count), Int32(index), &numbers, &target, Int32(target.count))
      if code == 0 { continue }
      guard code == 1 else { return code == -1 ? records : nil }
      let bytes = target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      let host = String(decoding: bytes, as: UTF8.self)
      // "." is the root: it is told in the place of a host that there is none.
      guard !host.isEmpty, host != "." else { continue }
      records.append(
        ServiceRecord(
          priority: numbers[0], weight: numbers[1], port: numbers[2], host: host))
    }
    return records
  }
}
