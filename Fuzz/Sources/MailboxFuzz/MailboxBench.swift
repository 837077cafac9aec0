internal import Cryptography
internal import FuzzSupport
internal import MailboxService
internal import MailboxSpool
internal import SecretMemory
internal import Wire

@testable internal import KeyDistribution
@testable internal import MailboxProgram
@testable internal import Transport
@testable internal import TrentClient

private typealias Person = FuzzSupport.Person

/// A mailbox with its disk, before users who have sessions with it and send what they like. Whose
/// session it is, the handshake has said: nothing that is in a message changes that.
enum MailboxBench {
  private static let disk = MemoryFolder()

  /// What is left for somebody: as many bytes as an id, a box and a share have room for.
  private struct Letter {
    let receiver: Person
    let bytes: [UInt8]

    init(_ receiver: Person, _ count: Int) {
      self.receiver = receiver
      bytes = World.bytes("letter for \(receiver.name) \(count)", count)
    }

    var id: DepositID {
      guard let id = DepositID(SHA256.hash(bytes.bytes)) else { fatalError("no id") }
      return id
    }
  }

  private struct Waiting: Equatable {
    let deposit: WaitingDeposit
    let content: [UInt8]
  }

  private static let letters = [Person.alice, .bob].flatMap { receiver in
    [1, 40, 900].map { Letter(receiver, $0) }
  }
  /// Only an honest sender leaves it.
  private static let last = Letter(.bob, 500)

  static func run(_ input: inout FuzzInput) {
    disk.clear()
    var spool: Spool? = open()
    var users = [Person.alice, .bob, .alice, .bob][...]
    while let user = users.popFirst(), !input.isEmpty, let open = spool {
      let others = waiting(for: other(user), open)
      let answers = serve(frames(of: user, &input), to: user, open)
      let after = waiting(for: other(user), open)
      expect(after.starts(with: others), "nobody takes away what is for another")
      for other in others where other.content.count >= 40 {
        let isTold = answers.contains { $0.starts(with: other.content.prefix(40)) }
        expect(!isTold, "nobody is given what is for another")
      }
    }
    if let open = spool { beHonest(open) }
    let all = spool.map { open in [Person.alice, .bob].map { waiting(for: $0, open) } }
    spool = nil
    let again = open()
    expect(
      [Person.alice, .bob].map { waiting(for: $0, again) } == all,
      "what was acknowledged is on the disk")
  }

  private static func other(_ user: Person) -> Person { user === Person.alice ? .bob : .alice }

  private static func open() -> Spool {
    do {
      return try Spool(
        disk.path + "/spool", MailboxPolicy(), boot: "b1", clock: { World.now },
        tell: { _ = $0.description })
    } catch {
      fatalError("broken: a mailbox starts: \(error)")
    }
  }

  private static func waiting(
    for user: Person, _ spool: Spool
  ) -> [Waiting] {
    spool.list(for: user.name, after: 0).deposits.map { waiting in
      guard let stored = try? spool.open(waiting.number, for: user.name),
        let bytes = try? stored.bytes(at: 0, count: Int(waiting.byteCount))
      else { fatalError("broken: what is told can be read") }
      return Waiting(deposit: waiting, content: bytes)
    }
  }

  // MARK: What a user sends

  private static func frames(of user: Person, _ input: inout FuzzInput) -> [UInt8] {
    var session = user.session(with: other(user), isCaller: true)
    var frames = HostileFrames()
    func add(_ plaintext: [UInt8]) {
      frames.add(HostileFrames.record, plaintext, &input) {
        (try? session.seal($0.bytes.extracting(first: PeerSession.recordLimit))) ?? []
      }
    }
    for _ in 0..<6 where !input.isEmpty && !frames.isOver {
      let letter = letters[Int(input.byte()) % letters.count]
      let number = UInt64(input.byte() % 8)
      switch input.byte() % 8 {
      case 0, 1:
        let count = UInt64(letter.bytes.count)
        add(
          MailboxRequest.leave(for: letter.receiver.name, letter.id, byteCount: count).encoded())
        // From where it broke off the last time.
        var rest = letter.bytes.dropFirst(number == 7 ? 20 : 0)
        let piece = 1 + Int(input.byte()) * 4
        while !rest.isEmpty, !frames.isOver {
          add([UInt8](rest.prefix(piece)))
          rest = rest.dropFirst(piece)
        }
      case 2: add(MailboxRequest.list(after: number).encoded())
      case 3:
        let (offset, count) = (UInt64(input.byte()), UInt32(input.byte()) * 8)
        add(MailboxRequest.fetch(number: number, offset: offset, byteCount: count).encoded())
      case 4: add(MailboxRequest.collected(number: number, letter.id).encoded())
      case 5: add(MailboxRequest.refuse(letter.receiver.name).encoded())
      case 6: add(MailboxRequest.allow(letter.receiver.name).encoded())
      default: add(input.prefixed())
      }
    }
    return frames.bytes
  }

  // MARK: The mailbox

  /// Serves one session whose first request is for a list.
  ///
  /// - Returns: what the user is told.
  private static func serve(
    _ frames: [UInt8], to user: Person, _ spool: Spool
  ) -> [[UInt8]] {
    let wire = LocalConnection()
    guard let stream = try? StreamConnection(adopting: wire.tried) else {
      fatalError("no connection")
    }
    wire.write(frames)
    wire.endWriting()
    let list = secret(MailboxRequest.list(after: 0).encoded())
    let service = ServiceSession(
      other(user).session(with: user, isCaller: false), first: list,
      on: HalfOpenConnection(stream, from: World.source), stop: NoStop())
    var session = MailboxSession(service, at: spool, telling: Nobody())
    do throws(ClientFailure) {
      while try session.answerNext() {}
    } catch {}
    session.end()
    var told = user.session(with: other(user), isCaller: true)
    var answers: [[UInt8]] = []
    while let (type, sealed) = wire.readFrame() {
      guard type == HostileFrames.record, let answer = try? told.open(sealed.bytes) else {
        fatalError("broken: a mailbox is honest")
      }
      answers.append([UInt8](answer.bytes))
    }
    expect(!answers.isEmpty, "a list is told")
    return answers
  }

  // MARK: Honest users

  /// Whatever has been there before, who is honest is served.
  private static func beHonest(_ spool: Spool) {
    let (alice, bob) = (Person.alice, Person.bob)
    _ = honest([.allow(alice.name)], of: bob, spool)
    let count = UInt64(last.bytes.count)
    let left = honest(
      [.leave(for: bob.name, last.id, byteCount: count)], of: alice, spool, with: last.bytes)
    expect(
      left == [.goOn(offset: 0), .stored] || left == [.stored], "what is left is stored")
    guard let mine = waiting(for: bob, spool).last, mine.content == last.bytes else {
      fatalError("broken: what is stored is what was left")
    }
    let number = mine.deposit.number
    expect(
      honest([.collected(number: number, last.id)], of: bob, spool) == [.done],
      "what is collected is gone")
    expect(!waiting(for: bob, spool).contains { $0.deposit.number == number }, "it is gone")
  }

  private static func honest(
    _ requests: [MailboxRequest], of user: Person, _ spool: Spool, with bytes: [UInt8]? = nil
  ) -> [MailboxReply] {
    var session = user.session(with: other(user), isCaller: true)
    let records = requests.map { $0.encoded() } + (bytes.map { [$0] } ?? [])
    let frames = records.flatMap {
      HostileFrames.frame(HostileFrames.record, (try? session.seal($0.bytes)) ?? [])
    }
    // The first answer is the list.
    return serve(frames, to: user, spool).dropFirst().compactMap { try? MailboxReply($0.bytes) }
  }
}
