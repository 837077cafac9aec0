internal import CSystemCalls
internal import Glibc
internal import NIOCore
internal import Synchronization
public import Wire

/// Takes requests by TCP and UDP on one port and gives them to a handler.
///
/// Nothing that comes from the network stops it; what exceeds the limits is dropped or closed.
public final class RequestServer: Sendable {
  /// The port, the same for TCP and UDP.
  public let port: UInt16
  /// What the server is bound to; `[::]` stands for every address, IPv6 and IPv4.
  public let addresses: [NetworkAddress]

  private let state: ServerState
  /// Nil once it has been shut down, which closes the sockets.
  private let bound: Mutex<ServerBinder.Bound?>

  private init(_ bound: ServerBinder.Bound, state: ServerState) {
    port = bound.port
    addresses = bound.addresses
    self.bound = Mutex(bound)
    self.state = state
  }

  /// Binds and begins to serve.
  ///
  /// - Parameters:
  ///   - bind: an address of this machine, or a name of one; nil for every address, by IPv6 and
  ///     IPv4, or by IPv4 alone where there is no IPv6.
  ///   - port: 0 takes any port that is free for both TCP and UDP.
  ///   - admission: is asked about each new connection. One that it refuses is closed at once.
  ///   - threads: how many to spread connections over, and as many again for datagrams, at least 1;
  ///     nil for as many as this process has cores.
  public static func start(
    bind: String? = nil, port: UInt16, limits: ServerLimits = ServerLimits(), threads: Int? = 1,
    admission: @escaping Admission = { _ in true }, handler: @escaping RequestHandler
  ) async throws(ServerFailure) -> RequestServer {
    let threads = threads ?? Int(trent_core_count())
    precondition(threads > 0 && limits.streamMessageLimit <= Int(UInt16.max))
    let candidates = try addressesToBind(bind)
    let state = ServerState(limits: limits, admission: admission)
    let binder = ServerBinder(state: state, threads: threads, handler: handler)
    let bound = try binder.bind(firstOf: candidates, port: port)
    for streams in bound.streams { streams.start() }
    for datagrams in bound.datagrams { datagrams.start() }
    return RequestServer(bound, state: state)
  }

  /// Addresses to try in turn until one can be bound.
  private static func addressesToBind(_ name: String?) throws(ServerFailure) -> [SocketAddress] {
    do {
      guard let name else {
        return try ["::", "0.0.0.0"].map { try SocketAddress(ipAddress: $0, port: 0) }
      }
      return [try SocketAddress.makeAddressResolvingHost(name, port: 0)]
    } catch {
      throw .unresolvableAddress(name ?? "::")
    }
  }

  public var counters: ServerCounters { state.counters }

  /// Closes every socket and ends the threads. Answers that have not left by now never will.
  public func shutdown() async throws {
    guard state.stop() else { return }
    let bound = bound.withLock { $0.take() }
    for streams in bound?.streams ?? [] { await streams.stop() }
    for datagrams in bound?.datagrams ?? [] { await datagrams.stop() }
  }
}
