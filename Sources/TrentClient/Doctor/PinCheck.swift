internal import Wire

/// Pinned KDCs and peers, and lines of those files that cannot be read.
struct PinCheck {
  private let kdcs: KnownKDCs
  private let peers: KnownPeers
  private let clocks: ClockFile
  private let places: PlaceFile

  init(_ state: StateFolder) {
    kdcs = KnownKDCs(in: state, person: Nobody())
    peers = KnownPeers(in: state, person: Nobody())
    clocks = ClockFile(in: state, person: Nobody())
    places = PlaceFile(in: state, person: Nobody())
  }

  private static let shownNames = 5

  func run() -> [Finding] {
    do throws(ClientFailure) {
      return try [peerFinding(try peers.all())]
        + damage(peers.damagedLines(), of: peers.path, isPin: true)
        + damage(kdcs.damagedLines(), of: kdcs.path, isPin: true)
        + damage(clocks.damagedLines(), of: clocks.path, isPin: false)
        + damage(places.damagedLines(), of: places.path, isPin: false)
    } catch {
      return [.problem("peers", error)]
    }
  }

  private func peerFinding(_ all: [KnownPeer]) -> Finding {
    let unverified = all.filter { !$0.isVerified }
    let text = "\(all.count) pinned, \(unverified.count) of them not verified"
    guard !unverified.isEmpty else {
      return .ok("peers", all.isEmpty ? "none pinned yet" : "\(all.count) pinned, all verified")
    }
    let commands = unverified.prefix(Self.shownNames).map { "client peers verify \($0.name)" }
    let rest = unverified.count > Self.shownNames ? "; the rest: client peers" : ""
    return .warning(
      "peers", text,
      advice: "compare fingerprints over the telephone: " + commands.joined(separator: "; ") + rest)
  }

  private func damage(_ lines: [Int], of path: String, isPin: Bool) -> [Finding] {
    guard !lines.isEmpty else { return [] }
    let numbers = lines.map(String.init).joined(separator: ", ")
    let text =
      "\(lines.count == 1 ? "line" : "lines") \(numbers) of \(Finding.shown(path)) cannot be read"
    let command =
      "sed -i \(lines.map { "-e \($0)d" }.joined(separator: " "))"
    guard isPin else {
      return [.warning("pins", text, advice: "remove it: \(command) \(Finding.quoted(path))")]
    }
    return [
      .problem(
        "pins", text,
        advice: "put back what stood there, from a copy; if nobody knows, remove it: \(command) "
          + Finding.quoted(path))
    ]
  }
}
