/// What a crash has broken.
struct CrashProblem: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
