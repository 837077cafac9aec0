internal import ArgumentParser

/// What the clients ask for.
enum Exchange: String, CaseIterable, ExpressibleByArgument {
  case register, login, ticket

  /// How many requests are sealed before the clock starts.
  var roundLimit: Int {
    switch self {
    case .register, .login: 512
    case .ticket: 4096
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
