/// Why a test has no PostgreSQL to talk to.
public struct PostgreSQLProblem: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
