internal import ArgumentParser
internal import ProgramDescription

/// All of `client` as one command, options of the classic command line and commands, for whoever
/// wants it described: completion in shells, manual pages. It is never run.
struct ClientDescription: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "client", abstract: TransferCommand.configuration.abstract,
    usage: TransferCommand.configuration.usage,
    discussion: TransferCommand.configuration.discussion, version: ProgramVersion.text,
    subcommands: ClientProgram.configuration.subcommands)

  @OptionGroup var transfer: TransferCommand
}
