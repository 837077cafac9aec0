import KeyDistribution
import SecretMemory
import Wire

/// One granting exchange, tried as the program does: three datagrams, each a request of its own,
/// then a connection; or a connection alone.
final class GrantingAttempt<Next: ~Copyable, Value: ~Copyable>: PacketHandler {
  private let login: Login
  private let kind: Judge.Request.Kind
  private let ask: () -> Outgoing<Next>
  private let read: (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Granted<Value>
  private let granted: (consuming Granted<Value>) -> Void
  private let firstTry: Int
  private let channel: Int
  /// Which KDC is asked.
  private let place: Int
  private var awaited: [Held<Next>] = []
  private var isOver = false

  private var person: Person { login.person }

  init(
    _ login: Login, _ kind: Judge.Request.Kind, byStreamOnly: Bool = false,
    ask: @escaping () -> Outgoing<Next>,
    read: @escaping (borrowing Next, [UInt8]) throws(ExchangeFailure) -> Granted<Value>,
    granted: @escaping (consuming Granted<Value>) -> Void
  ) {
    self.login = login
    self.kind = kind
    self.ask = ask
    self.read = read
    self.granted = granted
    firstTry = byStreamOnly ? Self.waits.count - 1 : 0
    channel = login.person.world.newChannel()
    place = login.person.place
  }

  func start() {
    person.handle(channel, with: self)
    attempt(firstTry)
  }

  /// Try after try (PROTOCOL.md, 4.1): how long to wait for each, in milliseconds.
  private static var waits: [UInt64] { [100, 200, 400, 3000] }

  private func attempt(_ number: Int) {
    guard !isOver, person.login === login else { return close() }
    guard number < Self.waits.count else {
      person.tryElsewhere(than: place)
      return close()
    }
    let asked = ask()
    person.world.judge.asked(
      asked.message, by: person, kind, keyVersion: login.keyVersion,
      loginEnd: login.credential.end)
    person.send(
      asked.message, to: .center(place), channel: channel, isDatagram: number < Self.waits.count - 1
    )
    awaited.append(Held(asked.next))
    person.world.after(.milliseconds(Self.waits[number])) { [self] _ in attempt(number + 1) }
  }

  /// The answer to any of the requests. One that does not verify changes nothing.
  func receive(_ packet: Packet) {
    guard !isOver, person.login === login else { return }
    for request in awaited {
      do throws(ExchangeFailure) {
        let answer = try read(request.value, packet.bytes)
        close()
        return granted(answer)
      } catch {
        switch error {
        case .loginOver:
          close()
          return person.end(login)
        case .clockSkew(let time):
          person.learn(time)
          return close()
        case .unavailable:
          person.tryElsewhere(than: place)
          return close()
        case .peerNotPresent, .superseded: return close()
        default: continue
        }
      }
    }
  }

  private func close() {
    isOver = true
    person.close(channel)
  }
}
