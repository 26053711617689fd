import TensorModel
import Testing

/// A block of each type with scales of two levels, as ggml's `quantize_row_*_ref` (commit d99724f2, compiled with
/// `-ffp-contract=off`) makes it of `numbers`.
struct KnownBlocks: Sendable, CustomTestStringConvertible {
  let type: BlockType
  let bytes: [UInt8]

  var testDescription: String { type.rawValue }

  /// Exact in f32; larger from quarter to quarter.
  static let numbers = (0..<256).map { (index: Int) -> Float in
    let (whole, quarter) = (index * 37 % 101 - 50, 1 + index / 64)
    return Float(whole) * Float(quarter) / 16
  }

  static let all: [KnownBlocks] = [
    KnownBlocks(
      .q2_k,
      """
      3444333487778767ab99abbbecffbeff6cb1d66cb11a6cc51bb1c66cb1da6cb1176d861b71c628b1d668b21b6d861b711b7d\
      862b71c628b1db6c861b71862871d76cb61b6c861ba1c668b1db6cb61b6d0138303a
      """),
    KnownBlocks(
      .q3_k,
      """
      86dc2bc6fd23d67923dc3986fc2bd6fda451fe045bae05fbae51fba459fe045b4827e2897823dd897722dd8877e29d786df6\
      b79c2db68b5de1f7485d22b7882dfd6297c82d528bf8225688fd2e578b3de2c7787dd29bbc2d968b7de2d7787dd25a364937\
      622db300353af536c5af
      """),
    KnownBlocks(
      .q4_k,
      """
      d9262b329090dfde908fdfdfdfedfffea0156bc1278cd3489e045ab0167bc2378dd349ae056ab1267cc2389de459af15268c\
      e248ae0459b0157bd1379ce348ae046ac0267bd2379df359be156ac1268c9df359be157ac1268ce248ad0459b0157bd1379c\
      e348ae046ac0268bd2379df3156ac1268cd2489df459b0157bc1378ce348ae046ab0267bd2379de359ae156a
      """),
    KnownBlocks(
      .q5_k,
      """
      8d224a32908fdede908fdfe0effffddf326c9936cc9366c9b36499324c9926cc9366c9336c99364c9b66cdb366d9336c702b\
      e7a35e1ad6915d09c5813cf8b46f2be7926e1ad5924d09c5703cf8a37f2b6e2ae5925e09c5803cf8b37f3bf6a26f1ad6914d\
      09c4804cf7b37f2be7a25e1a3cf8b36f2be6925e19c5914c08c4703cf7a36f2ad6925d19d5814d08b4703be71bd7824e0ab5\
      713de8b4602ce8935f1bc6824e09b5713df9a4602cd7935f1ac6
      """),
    KnownBlocks(
      .q6_k,
      """
      d158bf37be25ad048b047bf37ad159d0c941ea63eb74fb741d951ea72fc841c9bf35ad169b048df26be069d157cf38bd1a92\
      2c840d85ed77ff57d038b04aa22b67df58c139b22aa22b931c85fd76ee57ce5ad137b31a902c830f86ec78ff55d1c841da62\
      eb63fc840d951ea63fb840c9d129b30b931c74fe86de67ff47d129b118b1c66cb11b6c861b71c61cb1c76cb22453f9248ef9\
      138ef4538d2452f9248ed4a209d47e09a37e14a349d4ae09d77ec863be1463c9147ec923bec463bd1463e020e21fc23ec2c3\
      60575e5c80867d88679a
      """),
  ]

  private init(_ type: BlockType, _ hexadecimal: String) {
    self.type = type
    let digits = Array(hexadecimal)
    bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16)! }
  }
}
