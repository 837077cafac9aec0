internal import ArgumentParser

/// What the clients ask for.
enum Exchange: String, CaseIterable, ExpressibleByArgument {
  case register, login, ticket, announce
  /// Logins with a wrong proof.
  case refusal

  /// Whether it is asked for under a ticket-granting ticket: these may travel by UDP.
  var isGranting: Bool { self == .ticket || self == .announce }

  /// How many requests are sealed before the clock starts.
  var roundLimit: Int {
    switch self {
    case .register, .login, .refusal: 512
    case .ticket, .announce: 4096
    }
  }
}

/// How requests travel.
enum LoadTransport: String, CaseIterable, ExpressibleByArgument {
  case udp
  /// Connections that are kept.
  case tcp
  /// A new connection for each request.
  case tcpConnect = "tcp-connect"
}
