internal import Glibc
public import Wire

/// Why a message did not get through. `description` is a sentence for a person.
public enum TransportFailure: Error, Equatable, Sendable {
  /// The name has no address, or the name service did not answer.
  case unresolvableHost(String, reason: String)
  /// There was no address to try.
  case noAddress
  /// No way to this address, for the reason that the system gives.
  case unreachable(NetworkAddress, reason: String)
  /// Nobody listens for datagrams at this address (an ICMP message said so): worth trying TCP.
  case datagramRefused(NetworkAddress)
  /// The other end, or the network, took longer than the caller allows.
  case timedOut
  /// The other end closed the connection, in order or not.
  case closedByPeer
  /// A message longer than `limit` bytes, our own or the other end's.
  case messageTooLarge(limit: Int)
  /// The other end sent something that is no frame.
  case malformedFrame
  /// A system call failed on this machine; `code` is its `errno`.
  case system(code: Int32, operation: String)

  /// The failure that `errno` tells of, after `operation` on a connected socket.
  static func ofConnection(_ code: Int32, during operation: String) -> TransportFailure {
    switch code {
    case ECONNRESET, EPIPE, ECONNABORTED, ENOTCONN: .closedByPeer
    case ETIMEDOUT: .timedOut
    default: .system(code: code, operation: operation)
    }
  }

  /// The failure that `errno` tells of right now.
  package static func ofSystem(_ operation: String) -> TransportFailure {
    .system(code: errno, operation: operation)
  }

  /// What the system calls an error number.
  static func reason(_ code: Int32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      guard let text = buffer.baseAddress, unsafe strerror_r(code, text, buffer.count) == 0 else {
        return "error \(code)"
      }
      return unsafe String(cString: text)
    }
  }
}

extension TransportFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unresolvableHost(let host, let reason):
      "The host name \"\(host)\" cannot be resolved: \(reason)."
    case .noAddress:
      "There is no address to connect to."
    case .unreachable(let address, let reason):
      "\(address) cannot be reached: \(reason)."
    case .datagramRefused(let address):
      "Nobody answers datagrams at \(address)."
    case .timedOut:
      "The other end did not answer in time."
    case .closedByPeer:
      "The other end closed the connection."
    case .messageTooLarge(let limit):
      "The message is longer than the \(limit) bytes that are allowed."
    case .malformedFrame:
      "The other end sent something that is not part of this protocol."
    case .system(let code, let operation):
      "This machine could not \(operation): \(Self.reason(code))."
    }
  }
}
