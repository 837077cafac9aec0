import Cryptography
import Dispatch
import FuzzSupport
import SecretMemory
import Wire

@testable import FileTransfer
@testable import KeyDistribution
@testable import Transport
@testable import TrentClient

private typealias Person = FuzzSupport.Person

/// Alice, who sends two files to a receiver who says what he likes.
enum SenderBench {
  private static let content = (0..<9000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  private static let paths: [String] = {
    let folder = MemoryFolder()
    folder.put([UInt8](content.prefix(4000)), at: "a")
    folder.put([UInt8](content.dropFirst(4000)), at: "b")
    return ["a", "b"].map { "\(folder.path)/\($0)" }
  }()

  static func run(_ input: inout FuzzInput) {
    let wire = LocalConnection()
    guard let stream = try? StreamConnection(adopting: wire.tried),
      var source = try? InputSource(.files(paths), telling: Nobody())
    else { fatalError("no connection, or no files") }
    let receiver = HostileReceiver(wire, input, content)
    let done = DispatchSemaphore(value: 0)
    let isStarted = WorkerThread.start {
      receiver.run()
      done.signal()
    }
    expect(isStarted, "there is a thread")
    let connection = PeerConnection(
      stream: stream, session: Person.alice.session(with: .bob, isCaller: true))
    var transfer = OutgoingTransfer(connection, watcher: SilentWatcher())
    let end: Result<UInt64, ClientFailure> = Result { () throws(ClientFailure) in
      try transfer.run(&source) { _ in }.byteCount
    }
    close(transfer)
    done.wait()
    switch end {
    case .success(let byteCount):
      expect(receiver.hasConfirmed, "success is what the receiver has confirmed")
      expect(byteCount == UInt64(content.count), "all of it is sent")
      expect(
        !receiver.hasEverything || receiver.content == content, "what is sent is what there was")
    case .failure: expect(!receiver.isHonest, "an honest receiver gets everything")
    }
  }

  /// Closes its connection.
  private static func close(_ transfer: consuming OutgoingTransfer) {}
}
