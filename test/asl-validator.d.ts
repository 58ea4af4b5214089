declare module 'asl-validator' {
  /** Checks a definition in the Amazon States Language against its JSON schema and its references. */
  export default function validate(definition: unknown): {
    isValid: boolean;
    errorsText: (separator?: string) => string;
  };
}
