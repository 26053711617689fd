import ByteStore

@main
enum Main {
  static func main() {
    StandardStreams.prepare()
    FaultGuard.install()
    Shell.exitProcess(with: Shell.run(Array(CommandLine.arguments.dropFirst())))
  }
}
