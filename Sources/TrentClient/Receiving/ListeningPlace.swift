internal import Transport
internal import Wire

/// Where a program listens, and where else it is said to be reached.
struct ListeningPlace: ~Copyable {
  let listener: Listener
  /// To be announced before the addresses of this machine's interfaces.
  let extra: [NetworkAddress]

  /// - Parameters:
  ///   - port: 0 picks a free one.
  ///   - announced: each with the port that leads here, or 0 for the one that is listened on.
  init(port: UInt16, announced: [HostAndPort]) throws(ClientFailure) {
    let listener = try Self.listen(port)
    extra = try Self.resolve(announced, port: listener.port)
    self.listener = listener
  }

  private static func listen(_ port: UInt16) throws(ClientFailure) -> Listener {
    do {
      return try Listener(port: port)
    } catch {
      throw ClientFailure(
        .other, "\(error) If another program listens there, choose another port with -l.")
    }
  }

  private static func resolve(
    _ announced: [HostAndPort], port: UInt16
  ) throws(ClientFailure) -> [NetworkAddress] {
    do throws(TransportFailure) {
      var addresses: [NetworkAddress] = []
      for place in announced {
        addresses += try Resolver.resolve(
          host: place.host, port: place.port == 0 ? port : place.port)
      }
      return addresses
    } catch {
      throw ClientFailure(.usage, "--announce: \(error)")
    }
  }
}
