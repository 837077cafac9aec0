internal import Glibc
internal import KeyDistribution
internal import SecretMemory
internal import Synchronization
internal import Transport
internal import Wire

/// A place that has told its epoch key, and the connection to it.
struct AnsweringPlace: ~Copyable, Sendable {
  let place: KDCPlace
  let stream: StreamConnection
  let announced: AnnouncedEpoch

  consuming func takeStream() -> StreamConnection { stream }

  /// Steps E1 to E3 with one place.
  static func ask(
    _ place: KDCPlace, _ patience: Interval
  ) throws(KDCFailure) -> AnsweringPlace {
    let stream = try connect(to: place, patience)
    let message = try askForEpoch(over: stream, patience)
    let announced: AnnouncedEpoch
    do { announced = try AnnouncedEpoch(message.bytes) } catch { throw .exchange(error) }
    return AnsweringPlace(place: place, stream: stream, announced: announced)
  }

  private static func connect(
    to place: KDCPlace, _ patience: Interval
  ) throws(KDCFailure) -> StreamConnection {
    do throws(TransportFailure) {
      let addresses = try Resolver.resolve(host: place.at.host, port: place.at.port)
      return try .connect(toAny: addresses, deadline: .after(patience))
    } catch {
      throw .transport(error)
    }
  }

  private static func askForEpoch(
    over stream: borrowing StreamConnection, _ patience: Interval
  ) throws(KDCFailure) -> [UInt8] {
    let request = AnnouncedEpoch.request
    do throws(TransportFailure) {
      try stream.sendKDCMessage(request.bytes, deadline: .after(patience))
      return try stream.receiveKDCMessage(deadline: .after(patience))
    } catch {
      throw .transport(error)
    }
  }
}

/// Asks several places for their epoch keys, each a quarter of a second after the one before it, or
/// at once when one has failed; the first to answer wins, as in RFC 8305 (5).
///
/// Nothing but EpochRequests goes to several places: those tell nobody anything, and change
/// nothing. Each place has a thread, since looking up a name blocks. One that loses ends by itself.
final class PlaceRace: Sendable {
  /// RFC 8305, 8 recommends so much.
  private static let delay = Interval.milliseconds(250)

  private enum Result {
    case answered(Handover<AnsweringPlace>)
    case failed(KDCFailure)
  }

  private let results = Mutex<[Result]>([])
  /// A byte for each result.
  private let input: Int32
  private let output: Int32

  private init() throws(KDCFailure) {
    do throws(ClientFailure) {
      let ends = try PipeEnds(to: "ask several places")
      (input, output) = (ends.reading, ends.writing)
    } catch {
      throw .client(error)
    }
  }

  deinit {
    close(input)
    close(output)
  }

  /// - Parameter places: at least one, in the order in which to try them.
  /// - Throws: what the first of them failed with, when all did; at once what tells that one is
  ///   not what it should be.
  static func first(
    of places: [KDCPlace], patience: Interval
  ) throws(KDCFailure) -> AnsweringPlace {
    if places.count == 1, let place = places.first { return try .ask(place, patience) }
    return try PlaceRace().run(places, patience)
  }

  private func run(
    _ places: [KDCPlace], _ patience: Interval
  ) throws(KDCFailure) -> AnsweringPlace {
    var waiting = places[...]
    var running = 0
    var firstFailure: KDCFailure?
    var nextStart = Deadline.after(.milliseconds(0))
    while true {
      if let place = waiting.first, running == 0 || nextStart.hasPassed {
        waiting.removeFirst()
        running += 1
        nextStart = .after(Self.delay)
        start(place, patience)
      }
      guard running > 0 else { throw firstFailure ?? .transport(.noAddress) }
      for result in try next(until: waiting.isEmpty ? .never : nextStart) {
        running -= 1
        switch result {
        case .answered(let handover):
          if let answer = handover.take() { return answer }
        case .failed(let failure):
          guard failure.leadsElsewhereAtContact else { throw failure }
          firstFailure = firstFailure ?? failure
          nextStart = .after(.milliseconds(0))
        }
      }
    }
  }

  private func start(_ place: KDCPlace, _ patience: Interval) {
    let body: @Sendable () -> Void = { [self] in
      do throws(KDCFailure) {
        put(.answered(Handover(try AnsweringPlace.ask(place, patience))))
      } catch {
        put(.failed(error))
      }
    }
    if !WorkerThread.start(body) { body() }
  }

  private func put(_ result: Result) {
    results.withLock { $0.append(result) }
    var byte: UInt8 = 0
    _ = unsafe write(output, &byte, 1)
  }

  /// The results that have come since; none at the deadline.
  private func next(until deadline: Deadline) throws(KDCFailure) -> [Result] {
    do throws(TransportFailure) {
      let ready = try Polling.wait(for: [.init(input, .readable)], until: deadline)
      guard !ready.isEmpty else { return [] }
    } catch {
      throw .transport(error)
    }
    let found = results.withLock { results in
      defer { results = [] }
      return results
    }
    var bytes = [UInt8](repeating: 0, count: max(1, found.count))
    _ = unsafe read(input, &bytes, bytes.count)
    return found
  }
}
