internal import Transport

/// One place of a KDC.
struct KDCPlace: Hashable, Sendable {
  /// As people named it: its identity is pinned for that.
  let name: HostAndPort
  let at: HostAndPort
}

/// The places of a KDC, and the order in which to try them: who answered last comes first.
struct KDCPlaces {
  private static let service = "_trent._udp."

  let target: KDCTarget
  /// Who answered last, maybe in an earlier program.
  var preferred: HostAndPort?
  /// Those that are not to be tried in the present exchange.
  private var avoided: Set<HostAndPort> = []
  /// As they were looked up last.
  private var all: [KDCPlace] = []

  init(_ target: KDCTarget, preferred: HostAndPort? = nil) {
    self.target = target
    self.preferred = preferred
  }

  var isLookedUp: Bool { !all.isEmpty }

  /// Those to try, in order.
  var inOrder: [KDCPlace] {
    let rest = all.filter { !avoided.contains($0.at) }
    return rest.filter { $0.at == preferred } + rest.filter { $0.at != preferred }
  }

  /// Forgets who is to be avoided: another exchange begins.
  mutating func begin() { avoided = [] }

  /// Whether there is another one to try.
  func hasOther(than place: HostAndPort) -> Bool { inOrder.contains { $0.at != place } }

  /// Leaves a place out for the rest of the exchange.
  mutating func avoid(_ place: HostAndPort) { avoided.insert(place) }

  /// Looks up domains. What was found before stays where nothing is found now.
  ///
  /// - Parameters:
  ///   - find: the SRV records of a name.
  ///   - random: picks a number up to a limit, which it may be.
  mutating func lookUp(
    _ find: (String) throws(TransportFailure) -> [ServiceRecord] = ServiceResolver.records,
    random: (UInt32) -> UInt32 = { UInt32.random(in: 0...$0) }
  ) throws(KDCFailure) {
    var found: [KDCPlace] = []
    var failure: KDCFailure?
    for name in target.names {
      do throws(KDCFailure) {
        for at in try Self.places(of: name, find, random)
        where !found.contains(where: { $0.at == at }) {
          found.append(KDCPlace(name: name, at: at))
        }
      } catch {
        failure = failure ?? error
      }
    }
    if !found.isEmpty { all = [KDCPlace](found.prefix(KDCTarget.limit)) }
    if all.isEmpty, let failure { throw failure }
  }

  private static func places(
    of name: HostAndPort, _ find: (String) throws(TransportFailure) -> [ServiceRecord],
    _ random: (UInt32) -> UInt32
  ) throws(KDCFailure) -> [HostAndPort] {
    guard name.port == 0 else { return [name] }
    let records: [ServiceRecord]
    do { records = try find(service + name.host) } catch { throw .transport(error) }
    let places = ServiceRecord.ordered(records, random: random).compactMap { record in
      record.port == 0 ? nil : HostAndPort(host: record.host, port: record.port)
    }
    guard !places.isEmpty else {
      throw .client(
        ClientFailure(
          .kdcUnreachable,
          "DNS does not tell where the KDC of \(name.host) is: there is no SRV record "
            + "\(service)\(name.host). If that is its host, say its port, too (-p)."))
    }
    return places
  }
}
