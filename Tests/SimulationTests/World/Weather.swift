/// How bad a network is, in events per thousand packets. Every seed has weather of its own, so that
/// some runs come far and some hardly anywhere.
struct Weather: CustomStringConvertible {
  var drops = 0
  var duplicates = 0
  var corruptions = 0
  /// A packet of a connection overtakes the one before it.
  var reorderings = 0
  /// A packet is held back for up to twenty minutes.
  var holds = 0
  /// Somebody keeps a first handshake message until its ticket's time is nearly or just over, or a
  /// change of secret for some minutes.
  var interceptions = 0
  /// The longest ordinary delay in milliseconds.
  var delay = 40
  /// Whether somebody replays and splices.
  var hasAttacker = false
  /// Whether a registered user does.
  var hasInsider = false
  /// Whether the KDC tells lies about receivers now and then.
  var hasLies = false
  /// Whether the KDC is started anew now and then.
  var hasRestarts = false
  /// Whether several KDCs share a store.
  var hasReplicas = false
  /// Whether programs and machines end in the midst of what they write, and a store's primary is
  /// lost.
  var hasCrashes = false
  /// Whether some cannot reach others for a while.
  var hasPartitions = false
  /// Whether clocks are set forth and back.
  var hasClockJumps = false

  /// Nothing goes wrong.
  static let calm = Weather()

  init() {}

  init(_ random: inout SeededRandom) {
    drops = random.pick([0, 0, 5, 50, 200])
    duplicates = random.pick([0, 10, 50])
    corruptions = random.pick([0, 0, 5, 50])
    reorderings = random.pick([0, 0, 20, 200])
    holds = random.pick([0, 5, 30])
    interceptions = random.pick([0, 50, 200])
    delay = random.pick([5, 40, 300])
    hasAttacker = random.chance(800)
    hasInsider = random.chance(600)
    hasRestarts = random.chance(500)
    hasReplicas = random.chance(400)
    hasCrashes = random.chance(600)
    hasPartitions = random.chance(500)
    hasClockJumps = random.chance(400)
  }

  var description: String {
    "drops \(drops), duplicates \(duplicates), corruptions \(corruptions), reorderings "
      + "\(reorderings), holds \(holds), interceptions \(interceptions), "
      + "delay \(delay), attacker \(hasAttacker), insider "
      + "\(hasInsider), lies \(hasLies), restarts \(hasRestarts), replicas \(hasReplicas), "
      + "crashes \(hasCrashes), partitions \(hasPartitions), clock jumps \(hasClockJumps)"
  }
}
