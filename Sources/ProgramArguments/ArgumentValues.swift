internal import ArgumentParser
public import KeyDistribution
public import TrentClient
public import Wire

/// What arguments say, in every program alike.
public enum ArgumentValues {
  /// A name.
  public static func principal(_ text: String) throws -> PrincipalName {
    guard let name = PrincipalName(text) else {
      throw ValidationError(
        "a name has 1 to 64 of the characters a-z, 0-9, '.', '_' and '-', the first one a letter "
          + "or a digit")
    }
    return name
  }

  /// The identity of a KDC, as it prints it.
  public static func realm(_ word: String) throws -> Realm {
    guard let realm = Realm(word: word) else {
      throw ValidationError("this is not a word that a KDC printed: is it complete?")
    }
    return realm
  }

  /// A host, with a port or without: 0 then.
  public static func place(_ text: String) throws -> HostAndPort {
    guard let place = HostAndPort(text, defaultPort: 0) else {
      throw ValidationError("an address is a host or HOST:PORT")
    }
    return place
  }

  /// What `--help` says of a KDC's place.
  public static let targetHelp =
    "The host of the KDC, by name or address; HOST:PORT where the port differs. Several with "
    + "commas between them, 16 at most, are places of one KDC, each as good as the other: the next "
    + "one is tried when one is dead."

  public static let portHelp =
    "The port of the KDC, where -a says none. Without any, a domain (a name with a dot in it) is "
    + "looked up by its SRV records in DNS."

  /// Where a KDC is.
  ///
  /// - Parameter port: of hosts that are named without one.
  public static func target(_ hosts: String, port: UInt16?) throws -> KDCTarget {
    guard port != 0 else { throw ValidationError("0 cannot be the port of the KDC (-p).") }
    do {
      return try KDCTarget(hosts, port: port)
    } catch {
      throw ValidationError(error.description)
    }
  }

  /// A number of bytes, or one with K, M, G or T.
  public static func size(_ text: String) throws -> UInt64 {
    let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
    let shift = text.last.flatMap { units[$0] }
    let digits = shift == nil ? Substring(text) : text.dropLast()
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(digits)
    else { throw ValidationError("a size is a number of bytes, as in 500000, 20M or 4G") }
    let (size, overflow) = number.multipliedReportingOverflow(by: 1 << UInt64(shift ?? 0))
    guard !overflow else { throw ValidationError("this size is too large") }
    return size
  }
}
