import Foundation

/// What the system refused to a test.
struct TestProblem: Error {
  let operation: String
  let code: Int32

  init(_ operation: String, code: Int32 = errno) {
    self.operation = operation
    self.code = code
  }
}

/// Two ends of a pipe that no other process inherits.
struct Pipe {
  let readingEnd: Int32
  let writingEnd: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw TestProblem("pipe") }
    (readingEnd, writingEnd) = (ends[0], ends[1])
    for end in ends { closeOnExec(end) }
  }
}

/// A terminal whose keyboard and screen are the test.
struct PseudoTerminal {
  let testSide: Int32
  let programSide: Int32
  /// The path of the program's side.
  let path: String

  init() throws {
    var sides: (test: Int32, program: Int32) = (-1, -1)
    var name = [CChar](repeating: 0, count: 128)
    guard unsafe openpty(&sides.test, &sides.program, &name, nil, nil) == 0 else {
      throw TestProblem("openpty")
    }
    (testSide, programSide) = sides
    path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    closeOnExec(testSide)
    closeOnExec(programSide)
  }
}

func closeOnExec(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

func duplicate(_ descriptor: Int32) throws -> Int32 {
  let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
  guard copy >= 0 else { throw TestProblem("dup") }
  return copy
}
