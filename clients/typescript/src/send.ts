// Signs once, sends the same bytes until they land, and tells the program's own errors.
import {
  appendTransactionMessageInstructions,
  createTransactionMessage,
  estimateComputeUnitLimitFactory,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  isSolanaError,
  pipe,
  setTransactionMessageComputeUnitLimit,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
  SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM,
  type Base64EncodedWireTransaction,
  type Instruction,
  type Rpc,
  type Signature,
  type SolanaRpcApi,
  type TransactionSigner,
} from '@solana/kit';

/** Pause between two looks at a transaction's status (milliseconds). */
const POLL = 400;

/** Looks between two broadcasts of the same bytes. */
const POLLS_PER_BROADCAST = 5;

/** A transaction that did not succeed. */
export class SendError extends Error {
  override readonly name = 'SendError';

  /**
   * @param code The program's error code, if a program refused.
   * @param signature The transaction's, if it was executed: its fee was paid.
   */
  constructor(
    message: string,
    readonly code?: number,
    readonly signature?: Signature,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Sends instructions that `payer` signs and pays for, and waits until they are confirmed.
 * The compute limit is what a simulation used and a tenth.
 *
 * @throws SendError if they fail, or are too old to land any more.
 */
export async function send(
  rpc: Rpc<SolanaRpcApi>,
  payer: TransactionSigner,
  instructions: readonly Instruction[],
): Promise<Signature> {
  const { value: lifetime } = await rpc.getLatestBlockhash({ commitment: 'confirmed' }).send();
  const message = pipe(
    createTransactionMessage({ version: 0 }),
    (message) => setTransactionMessageFeePayerSigner(payer, message),
    (message) => setTransactionMessageLifetimeUsingBlockhash(lifetime, message),
    (message) => appendTransactionMessageInstructions(instructions, message),
  );
  const used = await estimateComputeUnitLimitFactory({ rpc })(message, {
    commitment: 'confirmed',
  }).catch((error: unknown) => {
    throw refusal('the simulation failed', error);
  });
  const transaction = await signTransactionMessageWithSigners(
    setTransactionMessageComputeUnitLimit(Math.ceil(used * 1.1), message),
  );
  const signature = getSignatureFromTransaction(transaction);
  const bytes = getBase64EncodedWireTransaction(transaction);
  await follow(rpc, signature, bytes, lifetime.lastValidBlockHeight);
  return signature;
}

async function follow(
  rpc: Rpc<SolanaRpcApi>,
  signature: Signature,
  bytes: Base64EncodedWireTransaction,
  lastValidBlockHeight: bigint,
): Promise<void> {
  for (let poll = 0; ; poll += 1) {
    if (poll % POLLS_PER_BROADCAST === 0) {
      await rpc.sendTransaction(bytes, { encoding: 'base64', skipPreflight: true }).send();
    }
    // Before the status: what is unknown after the last height can land no more.
    const height = await rpc.getBlockHeight({ commitment: 'confirmed' }).send();
    const expired = height > lastValidBlockHeight;
    const { value } = await rpc
      .getSignatureStatuses([signature], { searchTransactionHistory: expired })
      .send();
    const status = value[0];
    if (status?.err) throw failure(signature, status.err);
    if (status && status.confirmationStatus !== 'processed') return;
    if (!status && expired) throw new SendError(`${signature} was never executed`);
    await pause(POLL);
  }
}

function failure(signature: Signature, error: unknown): SendError {
  const text = JSON.stringify(error, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  const code = /"Custom":"?(\d+)/.exec(text)?.[1];
  const message = `${signature} failed: ${text}`;
  return new SendError(message, code === undefined ? undefined : Number(code), signature);
}

/** An error of kit's with the program's code, which is in one of its causes. */
function refusal(what: string, error: unknown): SendError {
  let code: number | undefined;
  let innermost = error;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isSolanaError(cause, SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM)) code = cause.context.code;
    innermost = cause;
  }
  const detail = innermost instanceof Error ? innermost.message : String(innermost);
  return new SendError(`${what}: ${detail}`, code, undefined, { cause: error });
}
