"""What trades. Agents see a desk and its view; they never reach the tape or the price sources."""
