"""The bundled prices as files, and the script that packs them; the README tells their origin."""
