/// Where a program is to run: on which machine, by which clock, with which faults.
struct Surroundings: Sendable {
  /// What stands before the program on its command line; the first word is a path.
  var wrapper: [String] = []
  /// Variables besides the usual ones.
  var environment: [String: String] = [:]
}
