/// How many lives of a KDC have ended how.
struct CrashFigures: CustomStringConvertible {
  var acknowledged = 0
  private var rounds = 0
  private var ends: [String: Int] = [:]

  mutating func count(_ end: String) {
    rounds += 1
    ends[end, default: 0] += 1
  }

  var description: String {
    let ends = ends.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return "\(rounds) crashes, \(acknowledged) users; \(ends.joined(separator: ", "))"
  }
}
