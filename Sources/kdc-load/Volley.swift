internal import KeyDistribution
internal import Transport
internal import Wire

/// Sends messages, so many of them at a time, and gathers what comes back: nothing is sealed,
/// opened or judged meanwhile.
final class Volley {
  struct Answer {
    var result: Result<[UInt8], Miss> = .failure(.timedOut)
    /// From the first call for the request to its whole answer.
    var nanoseconds: UInt64 = 0
  }

  private let transport: LoadTransport
  private let lanes: [Lane]
  private let poll: EventPoll
  private var buffer = [UInt8](repeating: 0, count: 2 + KDCFraming.messageLimit)

  /// How long an answer may take: a datagram is lost by then.
  private static let datagramPatience: UInt64 = 400_000_000
  private static let streamPatience: UInt64 = 20_000_000_000
  /// When nothing at all has been answered for so many times as long, nobody is there.
  private static let silences: UInt64 = 5
  /// How often to look for requests whose time is over.
  private static let tick: Int32 = 50

  init(
    to address: NetworkAddress, by transport: LoadTransport, concurrency: Int
  ) throws(LoadFailure) {
    self.transport = transport
    lanes = (0..<concurrency).map { Lane(to: address, by: transport, number: $0) }
    poll = try EventPoll(count: concurrency)
  }

  private var patience: UInt64 {
    transport == .udp ? Self.datagramPatience : Self.streamPatience
  }

  /// - Returns: an answer to each message, the seconds from the first request to the last answer,
  ///   and whether there was such a silence that the rest was not waited for.
  func fire(
    _ messages: [[UInt8]]
  ) throws(LoadFailure) -> (answers: [Answer], seconds: Double, isCutShort: Bool) {
    var firing = Firing(messages.map { Lane.framed($0, by: transport) })
    let began = Lane.now
    firing.lastAnswer = began
    var lastLook = began
    for lane in lanes { try next(on: lane, &firing) }
    while firing.settled < messages.count {
      try poll.wait(milliseconds: Self.tick) { (event) throws(LoadFailure) in
        try advance(lanes[event.number], event, &firing)
      }
      let now = Lane.now
      guard now - lastLook >= UInt64(Self.tick) * 1_000_000 else { continue }
      lastLook = now
      try giveUpOnLate(now, &firing)
      guard now < firing.lastAnswer + Self.silences * patience else {
        for lane in lanes { lane.end(isAnswered: false) }
        break
      }
    }
    return (firing.answers, Double(Lane.now - began) / 1e9, firing.settled < messages.count)
  }

  private struct Firing {
    let messages: [[UInt8]]
    var answers: [Answer]
    var sent = 0
    var settled = 0
    var lastAnswer: UInt64 = 0

    init(_ messages: [[UInt8]]) {
      self.messages = messages
      answers = [Answer](repeating: Answer(), count: messages.count)
    }
  }

  private func next(on lane: Lane, _ firing: inout Firing) throws(LoadFailure) {
    while lane.message == nil, firing.sent < firing.messages.count {
      let index = firing.sent
      firing.sent += 1
      if let miss = try lane.begin(firing.messages[index], index: index, on: poll) {
        settle(lane, .failure(miss), &firing)
      }
    }
  }

  private func advance(
    _ lane: Lane, _ event: EventPoll.Event, _ firing: inout Firing
  ) throws(LoadFailure) {
    guard let index = lane.message else { return lane.end(isAnswered: false) }
    guard event.isReadable else {
      if let miss = try lane.connected(firing.messages[index], on: poll) {
        settle(lane, .failure(miss), &firing)
        try next(on: lane, &firing)
      }
      return
    }
    do throws(Miss) {
      guard let answer = try lane.receive(into: &buffer) else { return }
      settle(lane, .success(answer), &firing)
    } catch {
      settle(lane, .failure(error), &firing)
    }
    try next(on: lane, &firing)
  }

  private func settle(_ lane: Lane, _ result: Result<[UInt8], Miss>, _ firing: inout Firing) {
    guard let index = lane.message else { return }
    let now = Lane.now
    firing.answers[index] = Answer(result: result, nanoseconds: now - lane.began)
    firing.settled += 1
    guard case .success = result else { return lane.end(isAnswered: false) }
    firing.lastAnswer = now
    lane.end(isAnswered: true)
  }

  private func giveUpOnLate(_ now: UInt64, _ firing: inout Firing) throws(LoadFailure) {
    for lane in lanes where lane.message != nil && now >= lane.began + patience {
      settle(lane, .failure(.timedOut), &firing)
      try next(on: lane, &firing)
    }
  }
}
