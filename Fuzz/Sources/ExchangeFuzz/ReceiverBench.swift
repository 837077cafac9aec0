import Cryptography
import DurableFiles
import FuzzSupport
import SecretMemory
import Synchronization
import Wire

@testable import FileTransfer
@testable import KeyDistribution
@testable import Transport
@testable import TrentClient

private typealias Person = FuzzSupport.Person

/// Bob, who receives into a folder in which there is something already, beside one that nobody
/// shall come to.
enum ReceiverBench {
  private static let disk = MemoryFolder()
  private static let state = StateFolder(path: MemoryFolder().path)
  private static let before: [String: MemoryFolder.Thing] = {
    prepare()
    return disk.content()
  }()

  private static let center: HostAndPort = {
    guard let place = HostAndPort(host: "localhost", port: 1) else { fatalError("no place") }
    return place
  }()

  private static func prepare() {
    disk.clear()
    for folder in ["out", "outside", "out/full"] { disk.makeFolder(folder) }
    for file in ["out/taken", "out/full/x", "outside/secret"] {
      disk.put([UInt8](file.utf8), at: file)
    }
    disk.makeLink("out/way", to: "../outside")
  }

  static func run(_ input: inout FuzzInput) {
    let setting = input.byte()
    let contents: [Manifest.Content] = [.files, .files, .files, .stream, .text]
    let list = OfferedList(&input, content: contents[Int(setting >> 4) % contents.count])
    _ = before
    prepare()
    // The second time something may be there of the first one, to be gone on with.
    let times = setting & 0x8 == 0 ? 1 : 2
    var earlier: [UInt8] = []
    for time in 0..<times {
      let sender = HostileSender(list, after: earlier, &input)
      earlier = sender.content
      let end = receive(list, sender, existing: ExistingPolicy.allCases[Int(setting) % 3])
      judge(end, sender, isFirst: time == 0)
      if end != nil { return }
    }
  }

  /// How a transfer ended well.
  private struct End {
    let manifest: Manifest
    let byteCount: UInt64
    let names: [String]
    let text: [UInt8]?
  }

  // MARK: The receiver

  private static func receive(
    _ list: OfferedList, _ sender: HostileSender, existing: ExistingPolicy
  ) -> End? {
    let wire = LocalConnection()
    guard let stream = try? StreamConnection(adopting: wire.tried) else {
      fatalError("no connection")
    }
    let connection = HalfOpenConnection(stream, from: World.source)
    wire.write(sender.bytes)
    wire.endWriting()
    let watcher = Watcher()
    var options = ReceiveOptions(
      kdc: KDCOptions(target: center),
      signIn: SignInOptions(name: Person.bob.name, secret: .keyFile("")),
      output: .folder(disk.path + "/out"))
    options.rules = TransferRules(senders: .all, existing: existing)
    options.watcher = watcher
    let session = Person.bob.session(with: .alice, isCaller: false)
    do {
      var incoming = IncomingList(try Offer(sender.offer.bytes), session: session)
      while !incoming.isComplete {
        guard try connection.stream.isReadable(within: .seconds(1)) else { return nil }
        guard let frame = try connection.receiveAvailable() else { continue }
        guard frame.type == .record else { return nil }
        try incoming.take(frame.payload.bytes)
      }
      let manifest = try incoming.manifest()
      var transfer = IncomingTransfer(
        incoming, manifest, from: connection, stop: NoStop(), person: Nobody())
      let content = try ContentPlacing(
        options, for: Person.bob.name, in: World.realm, nil,
        newPeers: NewPeers(policy: .accept, person: Nobody()),
        KnownPeers(in: state, person: Nobody()), Nobody()
      ).content(for: transfer.offered)
      try transfer.run(content, sizeLimit: nil, watcher: watcher)
      guard let (byteCount, names) = watcher.told.withLock({ $0.end }) else {
        fatalError("broken: a transfer that ended well is told")
      }
      return End(
        manifest: manifest, byteCount: byteCount, names: names,
        text: watcher.told.withLock { $0.text })
    } catch {
      expect(!sender.isHonest || !isWelcome(error), "an honest sender's transfer ends well")
      return nil
    }
  }

  /// Whether the receiver has found nothing wrong with what is offered.
  private static func isWelcome(_ failure: any Error) -> Bool {
    !(failure is WireError || failure is ManifestFault || failure is TrentClient.Refusal)
  }

  // MARK: What must hold

  private static func judge(_ end: End?, _ sender: HostileSender, isFirst: Bool) {
    var now = disk.content()
    // What has come in and is not whole may wait out of sight.
    if end == nil || !isFirst { now = now.filter { !$0.key.hasPrefix("out/.trent-") } }
    guard let end else { return expect(now == before, "what is not whole leaves nothing") }
    expect(end.byteCount == UInt64(sender.content.count), "all of it has come, and no more")
    expect(end.manifest.totalSize ?? end.byteCount == end.byteCount, "as much as was offered")
    var expected = before
    if end.manifest.content == .text {
      expect(end.text == sender.content, "a text is what was sent")
    } else {
      expected = placed(end, sender.content)
    }
    for (path, thing) in expected {
      guard let found = now[path] else { fatalError("broken: \(path.debugDescription) is missing") }
      expect(isSame(found, thing), "everything is as it was sent")
    }
    expect(now.count == expected.count, "nothing else is there")
  }

  /// What was there, with what was sent in its place.
  private static func placed(_ end: End, _ content: [UInt8]) -> [String: MemoryFolder.Thing] {
    var all = before
    let tops = end.manifest.topLevel.map(\.path.description)
    expect(tops.count == end.names.count, "everything at the top has a name")
    let names = [String: String](
      zip(tops, end.names).map { ($0, $1) }, uniquingKeysWith: { $1 })
    for name in end.names {
      expect(EntryName.isClean(name), "names are clean")
      all = all.filter { $0.key != "out/\(name)" && !$0.key.hasPrefix("out/\(name)/") }
    }
    var rest = content[...]
    for entry in end.manifest.entries {
      let top = names[entry.path.top] ?? entry.path.top
      let place = "out/" + top + entry.path.description.dropFirst(entry.path.top.utf8.count)
      let permissions = UInt32(entry.permissions)
      switch entry.kind {
      case .folder: all[place] = .folder(permissions: permissions)
      case .link(let target): all[place] = .link(to: target)
      case .file(let size):
        let count = Int(size ?? UInt64(rest.count))
        all[place] = .file([UInt8](rest.prefix(count)), permissions: permissions)
        rest = rest.dropFirst(count)
      }
    }
    return all
  }

  /// Permissions may be fewer than those that were sent; what was there keeps its own.
  private static func isSame(_ found: MemoryFolder.Thing, _ sent: MemoryFolder.Thing) -> Bool {
    switch (found, sent) {
    case (.file(let bytes, let mode), .file(let expected, let allowed)):
      bytes == expected && mode & ~allowed == 0
    // A folder may be given what its owner needs.
    case (.folder(let mode), .folder(let allowed)): mode & ~(allowed | 0o700) == 0
    case (.link(let target), .link(let expected)): target == expected
    default: false
    }
  }
}

/// Keeps what is told.
private final class Watcher: TransferWatcher, TransferProgress {
  struct Told {
    var end: (byteCount: UInt64, names: [String])?
    var text: [UInt8]?
  }

  let told = Mutex(Told())

  func listens(on port: UInt16, as name: PrincipalName) {}
  func began(_ transfer: TransferSummary) -> any TransferProgress { self }
  func received(text: [UInt8]) { told.withLock { $0.text = text } }
  func advanced(to byteCount: UInt64) {}
  func left(with mailbox: PrincipalName, byteCount: UInt64) {}
  func failed(_ reason: ClientFailure) {}

  func completed(byteCount: UInt64, names: [String]) {
    told.withLock { $0.end = (byteCount, names) }
  }
}
