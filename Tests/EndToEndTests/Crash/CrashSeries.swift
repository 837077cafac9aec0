import Wire

/// One folder through many lives of a KDC, each of which ends badly.
///
/// A round starts a KDC with a fault on whatever the round before has left, lets clients register
/// until it dies, starts another one without a fault, and asks it about everybody.
struct CrashSeries {
  private let seed: UInt64
  private var scene: CrashScene
  private var random: SeededRandom
  private(set) var figures = CrashFigures()

  init(seed: UInt64) throws {
    self.seed = seed
    random = SeededRandom(seed: seed)
    scene = try CrashScene(seed: seed)
  }

  /// - Throws: `CrashProblem`; the folder is then kept.
  mutating func run(rounds: Int) async throws {
    for number in 0..<rounds {
      let fault = fault()
      let newcomers = try edit(number, before: fault)
      do {
        try await round(number, fault, newcomers)
      } catch {
        throw CrashProblem("seed \(seed), round \(number), \(fault): \(scene.report(error))")
      }
    }
    figures.acknowledged = scene.ledger.owners.count
    scene.folder.remove()
  }

  private mutating func round(
    _ number: Int, _ fault: Fault, _ newcomers: [Account]
  ) async throws {
    let victim = try TracedProgram.kdc(in: scene.folder, fault)
    var result = Load.Result()
    if let service = try await scene.service(of: victim) {
      // What is to happen while it serves is waited for; else it is killed at some moment.
      let bound = fault.isInService ? Int.max : Int.random(in: 1...30, using: &random)
      var load = Load(prefix: "r\(number)")
      load.newcomers = newcomers
      load.acknowledged = { count in if count == bound { victim.kill() } }
      result = await load.run(against: service)
      if !result.isCutShort { victim.kill() }
    }
    let status = try await victim.end()
    figures.count(victim.wasKilled ? "kill -9" : status < 128 ? "refused to start" : fault.kind)
    if status < 128, !fault.mayEndIt || status != 1 {
      throw CrashProblem("ended by itself, with \(status): \(victim.errors.text)")
    }
    try scene.checkWhatItSaid(victim)
    try await scene.restart(after: [result])
  }

  // MARK: What happens

  private mutating func fault() -> Fault {
    let size = scene.folder.text(of: "pwd.txt")?.utf8.count ?? 0
    let limit = size + Int.random(in: 0...10_000, using: &random)
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return .none
    case 1: return .torn(at: limit)
    case 2: return .sizeLimit(limit)
    case 3:
      let calls = Bool.random(using: &random) ? "fsync" : KillPoint.rename.systemCalls
      return .failing(calls, with: "EIO", when: "\(Int.random(in: 1...6, using: &random))")
    case 4...6: return kill(isInService: true)
    default: return kill(isInService: false)
    }
  }

  private mutating func kill(isInService: Bool) -> Fault {
    let points = KillPoint.allCases.filter { $0.isInService == isInService }
    guard let point = points.randomElement(using: &random) else { return .none }
    let number = Int.random(in: point.numbers, using: &random)
    return .kill(at: point, number: number, in: scene.folder)
  }

  /// What happens to the file while no KDC runs. If the next one is to die as it starts, something
  /// that makes it write the file anew.
  ///
  /// - Returns: the users whom the operator has written down.
  private mutating func edit(_ number: Int, before fault: Fault) throws -> [Account] {
    // Nobody edits a file whose last line is torn.
    guard let file = UserFileText(in: scene.folder), file.isWhole else { return [] }
    switch Int.random(in: 0..<(fault.isInService ? 8 : 4), using: &random) {
    case 0: try file.tear(&random)
    case 1, 2: try file.repeatEverything()
    case 3:
      guard let name = PrincipalName("handwritten.\(number)") else { break }
      let account = Account(name)
      try file.append(account.handwrittenLine + "\n")
      scene.ledger.enter(account)
      return [account]
    default: break
    }
    return []
  }
}
