#if PostgreSQL
internal import CPostgreSQL
public import Directory

/// Where a store is: a URL of libpq, `postgresql://host1,host2/name`, whose gaps the `PG*`
/// variables, service and password files fill (PostgreSQL 15, 34.1.1).
public struct StoreAddress: Hashable, Sendable {
  private static let schemes = ["postgresql://", "postgres://"]

  /// As it was given.
  public let url: String

  /// Whether a text is the address of a store rather than the name of a file.
  public static func isAddress(_ text: String) -> Bool {
    schemes.contains { text.hasPrefix($0) }
  }

  /// Refuses what libpq does not understand, and a password: arguments and settings are no place
  /// for secrets.
  public init(_ url: String) throws(DirectoryUnavailable) {
    guard Self.isAddress(url) else {
      throw DirectoryUnavailable("a store is a URL like postgresql://host/name")
    }
    var message: UnsafeMutablePointer<CChar>?
    guard let options = unsafe PQconninfoParse(url, &message) else {
      defer { unsafe PQfreemem(message) }
      throw DirectoryUnavailable("this is no address of a store")
    }
    defer { unsafe PQconninfoFree(options) }
    var hasPassword = false
    var option = unsafe options
    while let keyword = unsafe option.pointee.keyword {
      let isPassword = unsafe ["password", "sslpassword"].contains(String(cString: keyword))
      if isPassword, unsafe option.pointee.val != nil { hasPassword = true }
      unsafe option += 1
    }
    guard !hasPassword else {
      throw DirectoryUnavailable(
        "a password does not belong into the address of a store: use a password file (~/.pgpass)")
    }
    self.url = url
  }

  /// What counts where the address says nothing else, by keyword.
  static let defaults = [
    // Look-ups on a standby would be answered with what was.
    ("target_session_attrs", "read-write"),
    ("connect_timeout", "2"),
    // A server whose machine is gone is noticed after seconds rather than minutes.
    ("keepalives_idle", "5"), ("keepalives_interval", "2"), ("keepalives_count", "3"),
    ("tcp_user_timeout", "5000"),
  ]
}
#endif
