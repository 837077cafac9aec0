internal import Glibc
internal import NIOCore

/// Why a server could not start. `description` is a sentence for its operator.
public enum ServerFailure: Error, Equatable, Sendable {
  /// The address to bind is neither an address nor a name that resolves.
  case unresolvableAddress(String)
  /// No socket could be bound to the address; `code` is the system's `errno`.
  case cannotBind(address: String, port: UInt16, code: Int32)

  /// Because of what `errno` says.
  static func ofSystem(binding address: SocketAddress) -> ServerFailure {
    .cannotBind(
      address: address.ipAddress ?? "?", port: UInt16(clamping: address.port ?? 0), code: errno)
  }

  var code: Int32? {
    if case .cannotBind(_, _, let code) = self { return code }
    return nil
  }
}

extension ServerFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unresolvableAddress(let address):
      "\"\(address)\" is no address of this machine."
    case .cannotBind(_, let port, EADDRINUSE):
      "Port \(port) is in use by another program."
    case .cannotBind(_, let port, EACCES):
      "Port \(port) needs a privilege that this program does not have."
    case .cannotBind(let address, let port, let code):
      "Cannot listen on \(address), port \(port): \(unsafe String(cString: strerror(code)))."
    }
  }
}
